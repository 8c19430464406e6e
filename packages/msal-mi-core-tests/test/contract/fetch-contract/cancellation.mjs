// AbortSignal, before, during and after the exchange.
import { setTimeout as delay } from 'node:timers/promises';

/** @param {import('./world.mjs').World} world */
export function defineCancellation({
  test,
  assert,
  url,
  fetch,
  echo,
  same,
  identified,
  eventsOf,
  eventually,
  failure,
  typeError,
}) {
  test('an aborted signal fails with its reason before anything is sent', async () => {
    const { id, path } = identified('/hang/headers');
    const reason = new Error('changed my mind');
    assert.equal(await failure(fetch(url(path), { signal: AbortSignal.abort(reason) })), reason);
    same(await eventsOf(id), []);
  });

  test('abort() without a reason gives an AbortError', async () => {
    assert.equal((await failure(fetch(url('/echo'), { signal: AbortSignal.abort() }))).name, 'AbortError');
  });

  test('aborting while waiting for headers fails with the reason and closes the connection', async () => {
    const { id, path } = identified('/hang/headers');
    const controller = new AbortController();
    const reason = new Error('too slow');
    const call = failure(fetch(url(path), { signal: controller.signal }));
    await eventually(async () => (await eventsOf(id)).includes('request'));
    controller.abort(reason);
    assert.equal(await call, reason);
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('AbortSignal.timeout gives a TimeoutError', async () => {
    const call = fetch(url(identified('/hang/headers').path), { signal: AbortSignal.timeout(50) });
    assert.equal((await failure(call)).name, 'TimeoutError');
  });

  test('aborting while the body is read fails the read with the reason and closes the connection', async () => {
    const { id, path } = identified('/hang/body');
    const controller = new AbortController();
    const reason = new Error('enough');
    const response = await fetch(url(path), { signal: controller.signal });
    const reader = response.body.getReader();
    await reader.read();
    const pending = failure(reader.read());
    controller.abort(reason);
    assert.equal(await pending, reason);
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('aborting an unread body fails later reads and closes the connection', async () => {
    const { id, path } = identified('/flood');
    const controller = new AbortController();
    const response = await fetch(url(path), { signal: controller.signal });
    controller.abort();
    assert.equal((await failure(response.text())).name, 'AbortError');
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('aborting during the upload cancels the stream with the reason', async () => {
    const { id, path } = identified('/watch-body');
    const controller = new AbortController();
    const reason = new Error('enough');
    let cancelled;
    const body = new ReadableStream({
      async pull(stream) {
        await delay(5);
        if (cancelled === undefined) stream.enqueue(new Uint8Array(1024));
      },
      cancel(why) {
        cancelled = why;
      },
    });
    const call = failure(fetch(url(path), { method: 'POST', body, duplex: 'half', signal: controller.signal }));
    await eventually(async () => (await eventsOf(id)).includes('data'));
    controller.abort(reason);
    assert.equal(await call, reason);
    await eventually(async () => cancelled === reason);
    await eventually(async () => (await eventsOf(id)).includes('incomplete'));
  });

  test('aborting after the body was read changes nothing', async () => {
    const controller = new AbortController();
    const response = await fetch(url('/status/200'), { signal: controller.signal });
    assert.equal(await response.text(), 'status 200');
    controller.abort();
    assert.equal((await echo()).method, 'GET');
  });

  test('the signal of a Request counts', async () => {
    const controller = new AbortController();
    const { id, path } = identified('/hang/headers');
    const call = failure(fetch(new Request(url(path), { signal: controller.signal })));
    await eventually(async () => (await eventsOf(id)).includes('request'));
    controller.abort();
    assert.equal((await call).name, 'AbortError');
  });

  test('something else than a signal is refused', async () => {
    for (const signal of ['now', {}, { aborted: false, addEventListener: true }]) {
      await typeError(fetch(url('/echo'), { signal }), { message: /signal/i });
    }
  });

  test('aborting while all of the body is awaited fails with the reason and closes the connection', async () => {
    for (const read of ['text', 'arrayBuffer', 'blob']) {
      const { id, path } = identified('/flood');
      const controller = new AbortController();
      const reason = new Error('enough');
      const response = await fetch(url(path), { signal: controller.signal });
      const pending = failure(response[read]());
      controller.abort(reason);
      assert.equal(await pending, reason);
      await eventually(async () => (await eventsOf(id)).includes('closed'));
    }
  });

  test('aborting an answer that has arrived but was not read fails later reads', async () => {
    const controller = new AbortController();
    const responses = [];
    for (let n = 0; n < 2; n += 1) responses.push(await fetch(url('/status/200'), { signal: controller.signal }));
    await delay(50);
    controller.abort();
    assert.equal((await failure(responses[0].text())).name, 'AbortError');
    assert.equal((await failure(responses[1].body.getReader().read())).name, 'AbortError');
  });
}
