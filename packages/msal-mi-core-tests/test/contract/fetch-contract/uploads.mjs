// Request bodies that come bit by bit.
import { Buffer } from 'node:buffer';
import { setTimeout as delay } from 'node:timers/promises';

/** @param {import('./world.mjs').World} world */
export function defineUploads({
  test,
  assert,
  url,
  fetch,
  echo,
  identified,
  eventsOf,
  eventually,
  typeError,
  streamed,
}) {
  test('sends a ReadableStream chunked', async () => {
    const { headers, text } = await echo({ method: 'POST', body: streamed('one ', 'two'), duplex: 'half' });
    assert.equal(text, 'one two');
    assert.equal(headers['transfer-encoding'], 'chunked');
    assert.equal(headers['content-length'], undefined);
  });

  test('sends an async iterable', async () => {
    async function* parts() {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    }
    assert.equal((await echo({ method: 'POST', body: parts(), duplex: 'half' })).text, 'one two');
  });

  test('a stream needs duplex half', async () => {
    await typeError(fetch(url('/echo'), { method: 'POST', body: streamed('x') }), { message: /duplex/ });
  });

  test('a stream that is locked or read is refused', async () => {
    const locked = streamed('x');
    locked.getReader();
    await typeError(fetch(url('/echo'), { method: 'POST', body: locked, duplex: 'half' }), { message: /locked/ });
  });

  test('a stream with a content-length of the caller is sent with that length', async () => {
    const { headers, text } = await echo({
      method: 'POST',
      body: streamed('12345', '67890'),
      duplex: 'half',
      headers: { 'content-length': '10' },
    });
    assert.equal(text, '1234567890');
    assert.equal(headers['content-length'], '10');
    assert.equal(headers['transfer-encoding'], undefined);
  });

  test('a stream longer or shorter than its content-length fails', async () => {
    for (const length of ['9', '11']) {
      const init = {
        method: 'POST',
        body: streamed('12345', '67890'),
        duplex: 'half',
        headers: { 'content-length': length },
      };
      await typeError(fetch(url('/echo'), init), { code: 'ERR_CONTENT_LENGTH_MISMATCH' });
    }
  });

  test('nothing beyond the content-length is sent: a stream that goes on fails at once', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(10)); // And never ends.
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-length': '9' } };
    await typeError(fetch(url('/echo'), init), { code: 'ERR_CONTENT_LENGTH_MISMATCH' });
  });

  test('an error of the stream is the cause of the failure, and the server sees an incomplete request', async () => {
    const { id, path } = identified('/watch-body');
    const reason = new Error('the disk failed');
    let pulled = 0;
    const body = new ReadableStream({
      async pull(controller) {
        pulled += 1;
        if (pulled === 1) controller.enqueue(new Uint8Array(10));
        else {
          await eventually(async () => (await eventsOf(id)).includes('data'));
          controller.error(reason);
        }
      },
    });
    const error = await typeError(fetch(url(path), { method: 'POST', body, duplex: 'half' }));
    assert.equal(error.cause, reason);
    await eventually(async () => (await eventsOf(id)).includes('incomplete'));
  });

  test('a stream of strings is refused', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue('text');
        controller.close();
      },
    });
    const error = await typeError(fetch(url('/echo'), { method: 'POST', body, duplex: 'half' }));
    assert.equal(error.cause.name, 'TypeError');
  });

  test('takes no more of a stream than the server reads', async () => {
    const { id, path } = identified('/reluctant');
    const total = 64 * 1024 * 1024;
    let produced = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          if (produced >= total) return controller.close();
          produced += 64 * 1024;
          controller.enqueue(new Uint8Array(64 * 1024));
        },
      },
      { highWaterMark: 0 },
    );
    const call = fetch(url(path), { method: 'POST', body, duplex: 'half' });
    let before = -1;
    await eventually(async () => {
      const still = produced > 0 && produced === before;
      before = produced;
      if (!still) await delay(200);
      return still;
    });
    assert.ok(produced < total / 2, `${produced} bytes were taken from the stream`);
    await fetch(url(`/release?id=${id}`));
    assert.equal((await (await call).json()).length, total);
  });

  test('gives the answer that came before the upload ended', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      async pull(controller) {
        await delay(5);
        if (!cancelled) controller.enqueue(new Uint8Array(1024));
      },
      cancel() {
        cancelled = true;
      },
    });
    const response = await fetch(url('/early'), { method: 'POST', body, duplex: 'half' });
    assert.equal(response.status, 413);
    assert.equal(await response.text(), 'too much');
    await eventually(async () => cancelled);
  });
}
