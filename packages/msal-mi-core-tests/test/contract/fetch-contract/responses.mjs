// What the Response says of the answer, and the ways to read it.
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

/** @param {import('./world.mjs').World} world */
export function defineResponses({
  test,
  assert,
  url,
  fetch,
  echo,
  same,
  sha256,
  failure,
  typeError,
  clientThumbprint,
}) {
  test('resolves with a global Response, also for an URL object', async () => {
    for (const input of [url('/status/200'), new URL(url('/status/200'))]) {
      const response = await fetch(input);
      assert.ok(response instanceof Response);
      assert.equal(response.status, 200);
      assert.equal(response.ok, true);
      assert.equal(await response.text(), 'status 200');
    }
  });

  test('can do what the platform does with a Response', async () => {
    const response = await fetch(url('/status/207'));
    assert.equal(Object.prototype.toString.call(response), '[object Response]');
    assert.match(inspect(response), /status: 207/);
    assert.equal(response.headers, response.headers);
    const again = new Response(response.body, response);
    assert.equal(again.status, 207);
    same([...again.headers], [...response.headers]);
    assert.equal(await again.text(), 'status 207');
    assert.equal(response.bodyUsed, true);
    const other = await fetch(url('/status/200'));
    assert.equal(await other.clone().text(), await other.text());
  });

  test('presents the certificate of the binding', async () => {
    assert.equal((await echo()).clientThumbprint, clientThumbprint());
  });

  test('speaks TLS 1.2 and HTTP/1.1', async () => {
    const { protocol, httpVersion } = await echo();
    assert.equal(protocol, 'TLSv1.2');
    assert.equal(httpVersion, '1.1');
  });

  test('resolves for error statuses too, with ok false', async () => {
    for (const status of [400, 401, 404, 500, 503]) {
      const response = await fetch(url(`/status/${status}`));
      assert.equal(response.status, status);
      assert.equal(response.ok, false);
      assert.equal(await response.text(), `status ${status}`);
    }
  });

  test('keeps the reason phrase in statusText', async () => {
    const response = await fetch(url('/status/207?text=Several%20Answers'));
    assert.equal(response.statusText, 'Several Answers');
    await response.text();
  });

  test('keeps several set-cookie headers apart and joins other repeated headers', async () => {
    const response = await fetch(url('/headers'));
    same(response.headers.getSetCookie(), ['a=1; Path=/', 'b=2; Expires=Wed, 09 Jun 2032 10:18:14 GMT']);
    assert.equal(response.headers.get('x-several'), 'one, two');
    await response.text();
  });

  test('finds headers in any case, empty ones and those beyond ASCII', async () => {
    const { headers } = await fetch(url('/headers'));
    assert.equal(headers.get('x-mixed-case'), 'kept');
    assert.equal(headers.get('X-EMPTY'), '');
    assert.equal(headers.get('x-latin1'), 'f\u00fcr');
  });

  test('response.url is the URL without its fragment', async () => {
    const response = await fetch(url('/status/200?a=b#part'));
    assert.equal(response.url, url('/status/200?a=b'));
    assert.equal(response.redirected, false);
    assert.equal(response.type, 'basic');
    await response.text();
  });

  test('a clone keeps url and content', async () => {
    const response = await fetch(url('/status/200'));
    const clone = response.clone();
    assert.ok(clone instanceof Response);
    assert.equal(clone.url, response.url);
    same(await Promise.all([clone.text(), response.text()]), ['status 200', 'status 200']);
  });

  test('statuses that have no body have a null body', async () => {
    for (const status of [204, 205, 304]) {
      const response = await fetch(url(`/status/${status}`));
      assert.equal(response.status, status);
      assert.equal(response.body, null);
      assert.equal(await response.text(), '');
    }
  });

  test('a HEAD response has headers and a null body', async () => {
    const response = await fetch(url('/status/200'), { method: 'HEAD' });
    assert.equal(response.headers.get('x-answer'), 'yes');
    assert.equal(response.body, null);
  });

  test('reads as json, arrayBuffer and blob', async () => {
    assert.equal((await (await fetch(url('/echo'))).json()).method, 'GET');
    assert.equal((await (await fetch(url('/status/200'))).arrayBuffer()).byteLength, 'status 200'.length);
    assert.equal((await (await fetch(url('/echo'))).blob()).type, 'application/json');
  });

  test('the body can be read once', async () => {
    const response = await fetch(url('/status/200'));
    await response.text();
    assert.equal(response.bodyUsed, true);
    await typeError(response.text(), { message: /./ });
  });

  test('reads as formData, and as bytes where the platform does', async () => {
    const form = new FormData();
    form.append('a', 'b');
    const sent = await fetch(url('/reflect'), { method: 'POST', body: form });
    assert.equal((await sent.formData()).get('a'), 'b');
    const response = await fetch(url('/status/200'));
    if (response.bytes !== undefined) assert.equal((await response.bytes()).length, 'status 200'.length);
  });

  test('an ArrayBuffer holds the content and nothing else', async () => {
    for (const path of ['/status/200', '/echo', '/encoded/gzip?text=abc', '/encoded/empty']) {
      const buffer = await (await fetch(url(path))).arrayBuffer();
      const text = await (await fetch(url(path))).text();
      assert.equal(Buffer.from(buffer).toString(), text);
      assert.equal(buffer.byteLength, Buffer.byteLength(text));
    }
  });

  test('reads large content in one go, with and without a length', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 1);
    for (const path of ['/reflect', '/reflect?chunked']) {
      const response = await fetch(url(path), { method: 'POST', body: bytes });
      assert.equal(sha256(new Uint8Array(await response.arrayBuffer())), sha256(bytes));
    }
  });

  test('text drops a byte order mark and replaces what is not UTF-8; json says what is not JSON', async () => {
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0xff]);
    const answer = () => fetch(url('/reflect'), { method: 'POST', body });
    assert.equal(await (await answer()).text(), '{\ufffd');
    assert.equal((await failure((await answer()).json())).name, 'SyntaxError');
  });

  test('once read, the body is used and locked, and nothing reads it again', async () => {
    const response = await fetch(url('/status/200'));
    const reading = response.text();
    assert.equal(response.bodyUsed, true);
    await reading;
    assert.equal(response.body.locked, true);
    for (const read of ['text', 'json', 'arrayBuffer', 'blob']) await typeError(response[read](), { message: /./ });
    assert.throws(() => response.clone(), { name: 'TypeError' });
    assert.throws(() => response.body.getReader(), { name: 'TypeError' });
  });

  test('text reads a body that was only looked at, and refuses one that is locked or was read from', async () => {
    const looked = await fetch(url('/status/200'));
    assert.equal(looked.body.locked, false);
    assert.equal(looked.bodyUsed, false);
    assert.equal(await looked.text(), 'status 200');
    assert.equal(looked.bodyUsed, true);

    const locked = await fetch(url('/status/200'));
    const reader = locked.body.getReader();
    await typeError(locked.text(), { message: /./ });
    await reader.read();
    reader.releaseLock();
    await typeError(locked.text(), { message: /./ });
    await locked.body.cancel();
  });

  test('a clone of a clone keeps url and content', async () => {
    const response = await fetch(url('/redirect/302?to=/status/200'));
    const clone = response.clone().clone();
    assert.equal(clone.url, url('/status/200'));
    assert.equal(clone.redirected, true);
    assert.equal(clone.status, 200);
    assert.equal(clone.headers.get('x-answer'), 'yes');
    assert.equal(await clone.text(), 'status 200');
    await response.body.cancel();
  });

  test('a Response can be made of its body', async () => {
    const response = await fetch(url('/status/200'));
    assert.equal(await new Response(response.body, response).text(), 'status 200');
  });
}
