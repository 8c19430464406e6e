// Redirects: where a request may follow, and with what.
import { randomUUID } from 'node:crypto';

/** @param {import('./world.mjs').World} world */
export function defineRedirects({ test, assert, url, fetch, echo, same, typeError, streamed, servers }) {
  test('manual gives the redirect itself', async () => {
    const response = await fetch(url('/redirect/302?to=/status/200'), { redirect: 'manual' });
    assert.equal(response.status, 302);
    assert.equal(response.headers.get('location'), '/status/200');
    assert.equal(response.redirected, false);
    assert.equal(await response.text(), 'redirecting');
  });

  test('error fails on a redirect', async () => {
    await typeError(fetch(url('/redirect/302?to=/status/200'), { redirect: 'error' }), {
      code: 'ERR_REDIRECT_REFUSED',
    });
  });

  test('follows within the origin, with relative and absolute locations', async () => {
    for (const to of ['/status/200', url('/status/200'), '../status/200']) {
      const response = await fetch(url(`/redirect/302?to=${encodeURIComponent(to)}#part`));
      assert.equal(response.url, url('/status/200'));
      assert.equal(response.redirected, true);
      assert.equal(await response.text(), 'status 200');
    }
  });

  test('keeps the authorization when it follows within the origin', async () => {
    const { headers } = await echo({ headers: { authorization: 'mtls_pop abc' } }, '/redirect/307?to=/echo');
    assert.equal(headers.authorization, 'mtls_pop abc');
  });

  test('sends nothing to another origin', async () => {
    const other = servers().otherOrigin;
    const path = `/status/200?${randomUUID()}`;
    for (const status of [301, 302, 303, 307, 308]) {
      const to = encodeURIComponent(other + path);
      const call = fetch(url(`/redirect/${status}?to=${to}`), { headers: { authorization: 'mtls_pop abc' } });
      await typeError(call, { code: 'ERR_REDIRECT_CROSS_ORIGIN' });
    }
    const { journal } = await (await fetch(`${other}/journal`)).json();
    same(
      journal.filter((request) => request.url === path),
      [],
    );
  });

  test('http on the same host and port counts as another origin', async () => {
    const to = encodeURIComponent(url('/status/200').replace('https:', 'http:'));
    await typeError(fetch(url(`/redirect/302?to=${to}`)), { code: 'ERR_REDIRECT_CROSS_ORIGIN' });
  });

  test('a location with user name and password, or that is not a URL, fails', async () => {
    const withUser = url('/status/200').replace('https://', 'https://user:pass@');
    for (const to of [withUser, 'https://[oops']) {
      await typeError(fetch(url(`/redirect/302?to=${encodeURIComponent(to)}`)), { code: 'ERR_REDIRECT_LOCATION' });
    }
  });

  test('a redirect status without location is an answer', async () => {
    const response = await fetch(url('/redirect/302'));
    assert.equal(response.status, 302);
    await response.text();
  });

  test('follows 20 redirects and no more', async () => {
    assert.equal(await (await fetch(url('/countdown/20'))).text(), 'landed');
    await typeError(fetch(url('/countdown/21')), { code: 'ERR_REDIRECT_LIMIT' });
  });

  test('301, 302 and 303 turn POST into GET without a body', async () => {
    for (const status of [301, 302, 303]) {
      const { method, headers, length } = await echo(
        { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'x-a': '1' } },
        `/redirect/${status}?to=/echo`,
      );
      assert.equal(method, 'GET');
      assert.equal(length, 0);
      assert.equal(headers['content-type'], undefined);
      assert.equal(headers['content-length'], undefined);
      assert.equal(headers['x-a'], '1');
    }
  });

  test('303 turns PUT into GET, and 302 leaves PUT alone', async () => {
    assert.equal((await echo({ method: 'PUT', body: 'x' }, '/redirect/303?to=/echo')).method, 'GET');
    const kept = await echo({ method: 'PUT', body: 'x' }, '/redirect/302?to=/echo');
    assert.equal(kept.method, 'PUT');
    assert.equal(kept.text, 'x');
  });

  test('303 leaves HEAD alone', async () => {
    const response = await fetch(url('/redirect/303?to=/status/200'), { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.body, null);
  });

  test('307 and 308 send bytes, blobs and forms again', async () => {
    const form = new FormData();
    form.append('a', 'b');
    for (const status of [307, 308]) {
      for (const [body, pattern] of [
        ['text', /^text$/],
        [new Blob(['blob']), /^blob$/],
        [form, /name="a"\r\n\r\nb\r\n/],
      ]) {
        const { method, text } = await echo({ method: 'POST', body }, `/redirect/${status}?to=/echo`);
        assert.equal(method, 'POST');
        assert.match(text, pattern);
      }
    }
  });

  test('307 of a stream fails', async () => {
    const call = fetch(url('/redirect/307?to=/echo'), { method: 'POST', body: streamed('x'), duplex: 'half' });
    await typeError(call, { code: 'ERR_REDIRECT_BODY' });
  });

  test('303 of a stream is followed', async () => {
    assert.equal(
      (await echo({ method: 'POST', body: streamed('x'), duplex: 'half' }, '/redirect/303?to=/echo')).method,
      'GET',
    );
  });
}
