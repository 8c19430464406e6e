// What `fetch` over a bound channel has to do, whatever the transport below it is. Runs in jest on the software
// transport and with node:test in the Windows rig on WinHTTP.
import { Buffer } from 'node:buffer';
import { randomBytes, createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FLOOD_BYTES } from './fetch-contract-server.mjs';

/**
 * @typedef {(input: string | URL | Request, init?: RequestInit) => Promise<Response>} Fetch
 * @param {object} world
 * @param {(name: string, body: () => Promise<void>) => void} world.test
 * @param {typeof import('node:assert/strict')} world.assert
 * @param {() => Fetch} world.makeFetch - `fetch` over a binding whose certificate the servers accept.
 * @param {() => { origin: string, otherOrigin: string, untrustedOrigin: string, closedOrigin: string }} world.servers
 * @param {() => string} world.clientThumbprint - SHA-256 of the client certificate, as hexadecimal pairs with colons.
 */
export function defineFetchContract({ test, assert, makeFetch, servers, clientThumbprint }) {
  const url = (path) => servers().origin + path;
  const fetch = (input, init) => makeFetch()(input, init);
  const echo = async (init, path = '/echo') => (await fetch(url(path), init)).json();
  // The transport may make its arrays in another realm, which deepStrictEqual takes for a difference.
  const same = (actual, expected) => assert.equal(JSON.stringify(actual), JSON.stringify(expected));
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const identified = (path) => {
    const id = randomUUID();
    return { id, path: `${path}?id=${id}` };
  };
  const eventsOf = async (id) => (await (await fetch(url(`/events?id=${id}`))).json()).events;
  const eventually = async (condition) => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await condition()) return;
      await delay(25);
    }
    assert.fail('it did not come to pass');
  };
  const failure = async (promise) => {
    try {
      await promise;
    } catch (error) {
      return error;
    }
    return assert.fail('the call succeeded');
  };
  const typeError = async (promise, { message = 'fetch failed', code } = {}) => {
    const error = await failure(promise);
    assert.equal(error.name, 'TypeError', String(error));
    if (message instanceof RegExp) assert.match(error.message, message);
    else assert.equal(error.message, message);
    if (code instanceof RegExp) assert.match(error.cause?.code ?? String(error.cause), code);
    else if (code !== undefined) assert.equal(error.cause?.code, code);
    return error;
  };
  const streamed = (...chunks) =>
    new ReadableStream({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
      },
    });

  // --- The response

  test('resolves with a global Response, also for an URL object', async () => {
    for (const input of [url('/status/200'), new URL(url('/status/200'))]) {
      const response = await fetch(input);
      assert.ok(response instanceof Response);
      assert.equal(response.status, 200);
      assert.equal(response.ok, true);
      assert.equal(await response.text(), 'status 200');
    }
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

  test('delivers the first part of a body before the second is sent', async () => {
    const { id, path } = identified('/halves');
    const response = await fetch(url(path));
    const reader = response.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'first ');
    await fetch(url(`/release?id=${id}`));
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'second');
    assert.equal((await reader.read()).done, true);
  });

  test('lets a BYOB reader fill its own buffer', async () => {
    const response = await fetch(url('/status/200'));
    const reader = response.body.getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(6));
    assert.equal(new TextDecoder().decode(value), 'status');
    await reader.cancel();
  });

  test('a BYOB reader sees the end', async () => {
    const reader = (await fetch(url('/status/200'))).body.getReader({ mode: 'byob' });
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(64));
      if (done) break;
      length += value.byteLength;
    }
    assert.equal(length, 'status 200'.length);
  });

  test('stops reading from the server while nobody reads the body', async () => {
    const { id, path } = identified('/flood');
    const response = await fetch(url(path));
    const reader = response.body.getReader();
    await reader.read();
    const written = async () => (await (await fetch(url(`/written?id=${id}`))).json()).bytes;
    let before = -1;
    await eventually(async () => {
      const now = await written();
      const still = now === before;
      before = now;
      if (!still) await delay(150);
      return still;
    });
    assert.ok(before < FLOOD_BYTES / 2, `${before} bytes were taken from the server`);
    let length = 0;
    for (let step = await reader.read(); !step.done; step = await reader.read()) length += step.value.byteLength;
    assert.ok(length > FLOOD_BYTES / 2);
  });

  test('transfers 64 MiB without loss', async () => {
    const response = await fetch(url(identified('/flood').path));
    let length = 0;
    for await (const chunk of response.body) length += chunk.byteLength;
    assert.equal(length, FLOOD_BYTES);
  });

  test('cancelling the body closes the connection', async () => {
    const { id, path } = identified('/flood');
    const response = await fetch(url(path));
    await response.body.cancel('enough');
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('cancelling while a read is pending ends at once', async () => {
    const { id, path } = identified('/hang/body');
    const reader = (await fetch(url(path))).body.getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel('enough');
    assert.equal((await pending).done, true);
    await eventually(async () => (await eventsOf(id)).includes('closed'));
  });

  test('many responses at once do not mix', async () => {
    const texts = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => (await echo({ method: 'POST', body: `body ${n}` })).text),
    );
    same(
      texts,
      Array.from({ length: 20 }, (_, n) => `body ${n}`),
    );
  });

  // --- Methods

  test('sends common methods in capitals', async () => {
    for (const method of ['get', 'post', 'put', 'delete', 'options']) {
      assert.equal((await echo({ method })).method, method.toUpperCase());
    }
  });

  test('sends PATCH as it is written', async () => {
    assert.equal((await echo({ method: 'PATCH', body: '{}' })).method, 'PATCH');
  });

  test('refuses CONNECT, TRACE and TRACK', async () => {
    for (const method of ['CONNECT', 'TRACE', 'TRACK', 'trace']) {
      await typeError(fetch(url('/echo'), { method }), { message: /./ });
    }
  });

  test('refuses a method that is no token', async () => {
    await typeError(fetch(url('/echo'), { method: 'GET /x HTTP/1.1\r\nx: y' }), { message: /./ });
  });

  test('refuses a body on GET and HEAD', async () => {
    for (const method of ['GET', 'HEAD'])
      await typeError(fetch(url('/echo'), { method, body: 'x' }), { message: /body/ });
  });

  test('POST and PUT without a body have a length of 0', async () => {
    for (const method of ['POST', 'PUT']) {
      const { headers, length } = await echo({ method });
      assert.equal(headers['content-length'], '0');
      assert.equal(length, 0);
    }
  });

  test('GET has neither length nor transfer coding', async () => {
    const { headers } = await echo();
    assert.equal(headers['content-length'], undefined);
    assert.equal(headers['transfer-encoding'], undefined);
  });

  // --- Request bodies

  test('sends a string as UTF-8 text with its length', async () => {
    const { headers, text } = await echo({ method: 'POST', body: 'gr\u00fc\u00dfe \u{1f511}' });
    assert.equal(text, 'gr\u00fc\u00dfe \u{1f511}');
    assert.equal(headers['content-type'], 'text/plain;charset=UTF-8');
    assert.equal(headers['content-length'], String(Buffer.byteLength('gr\u00fc\u00dfe \u{1f511}')));
  });

  test('a content-type of the caller wins', async () => {
    const { headers } = await echo({ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
    assert.equal(headers['content-type'], 'application/json');
  });

  test('sends an empty string with a length of 0', async () => {
    assert.equal((await echo({ method: 'POST', body: '' })).headers['content-length'], '0');
  });

  test('sends Uint8Array, Buffer, ArrayBuffer, DataView and a part of a buffer', async () => {
    const bytes = randomBytes(1000);
    const copy = new Uint8Array(bytes);
    for (const [body, expected] of [
      [copy, bytes],
      [bytes, bytes],
      [copy.buffer, bytes],
      [new DataView(copy.buffer, 10, 20), bytes.subarray(10, 30)],
      [new Uint16Array(copy.buffer, 100, 50), bytes.subarray(100, 200)],
    ]) {
      const { headers, sha256: received } = await echo({ method: 'POST', body });
      assert.equal(received, sha256(expected));
      assert.equal(headers['content-type'], undefined);
    }
  });

  test('what happens to the buffer after the call does not matter', async () => {
    const bytes = new Uint8Array(1000).fill(1);
    const call = echo({ method: 'POST', body: bytes });
    bytes.fill(2);
    assert.equal((await call).sha256, sha256(new Uint8Array(1000).fill(1)));
  });

  test('sends a Blob with its type and length', async () => {
    const { headers, text } = await echo({ method: 'POST', body: new Blob(['one ', 'two'], { type: 'text/x-two' }) });
    assert.equal(text, 'one two');
    assert.equal(headers['content-type'], 'text/x-two');
    assert.equal(headers['content-length'], '7');
  });

  test('sends URLSearchParams as a form', async () => {
    const { headers, text } = await echo({ method: 'POST', body: new URLSearchParams({ a: '1 2', b: '\u00fc' }) });
    assert.equal(text, 'a=1+2&b=%C3%BC');
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8');
  });

  test('sends FormData that a platform parser reads back', async () => {
    const form = new FormData();
    form.append('plain', 'line one\nline two');
    form.append('quo"ted', 'x');
    form.append('file', new File(['content'], 'na"me.txt', { type: 'text/plain' }));
    const { headers, text } = await echo({ method: 'POST', body: form });
    assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
    const parsed = await new Response(text, { headers: { 'content-type': headers['content-type'] } }).formData();
    assert.equal(parsed.get('plain'), 'line one\r\nline two');
    assert.equal(parsed.get('quo"ted'), 'x');
    assert.equal(parsed.get('file').name, 'na"me.txt');
    assert.equal(parsed.get('file').type, 'text/plain');
    assert.equal(await parsed.get('file').text(), 'content');
  });

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

  test('a content-length that is not the length of the body is refused', async () => {
    for (const length of ['4', '0x5', '5, 5', '-5']) {
      const init = { method: 'POST', body: '12345', headers: { 'content-length': length } };
      await typeError(fetch(url('/echo'), init), { message: /content-length/ });
    }
    assert.equal((await echo({ method: 'POST', body: '12345', headers: { 'content-length': '5' } })).text, '12345');
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

  test('uploads 8 MiB of bytes unchanged', async () => {
    const bytes = randomBytes(8 * 1024 * 1024);
    assert.equal((await echo({ method: 'PUT', body: bytes })).sha256, sha256(bytes));
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

  // --- Request objects

  test('takes a Request with its method, headers and body', async () => {
    const request = new Request(url('/echo'), { method: 'PUT', headers: { 'x-a': '1' }, body: 'of the request' });
    const { method, headers, text } = await (await fetch(request)).json();
    assert.equal(method, 'PUT');
    assert.equal(headers['x-a'], '1');
    assert.equal(headers['content-type'], 'text/plain;charset=UTF-8');
    assert.equal(headers['content-length'], '14');
    assert.equal(text, 'of the request');
    assert.equal(request.bodyUsed, true);
  });

  test('init overrides what the Request says', async () => {
    const request = new Request(url('/echo'), { method: 'PUT', headers: { 'x-a': '1' }, body: 'of the request' });
    const { method, headers, text } = await (
      await fetch(request, { method: 'POST', headers: { 'x-b': '2' }, body: 'of init' })
    ).json();
    assert.equal(method, 'POST');
    assert.equal(headers['x-a'], undefined);
    assert.equal(headers['x-b'], '2');
    assert.equal(text, 'of init');
  });

  test('takes a Request that streams', async () => {
    const request = new Request(url('/echo'), { method: 'POST', body: streamed('one ', 'two'), duplex: 'half' });
    assert.equal((await (await fetch(request)).json()).text, 'one two');
  });

  test('a Request whose body was read is refused', async () => {
    const request = new Request(url('/echo'), { method: 'POST', body: 'x' });
    await request.text();
    await typeError(fetch(request), { message: /./ });
  });

  // --- Headers

  test('sends headers from an object, a list and Headers', async () => {
    for (const headers of [
      { 'X-A': '1', 'x-b': '2' },
      [
        ['X-A', '1'],
        ['x-b', '2'],
      ],
      new Headers({ 'X-A': '1', 'x-b': '2' }),
    ]) {
      const { headers: received } = await echo({ headers });
      assert.equal(received['x-a'], '1');
      assert.equal(received['x-b'], '2');
    }
  });

  test('adds no authorization and no cookie', async () => {
    await (await fetch(url('/headers'))).text();
    const { headers } = await echo();
    assert.equal(headers.authorization, undefined);
    assert.equal(headers.cookie, undefined);
  });

  test('sends the authorization of the caller unchanged', async () => {
    assert.equal((await echo({ headers: { authorization: 'mtls_pop abc' } })).headers.authorization, 'mtls_pop abc');
  });

  test('sends accept and user-agent as fetch does, unless the caller sets them', async () => {
    const { headers } = await echo();
    assert.equal(headers.accept, '*/*');
    assert.equal(headers['user-agent'], 'node');
    const own = (await echo({ headers: { accept: 'text/html', 'user-agent': 'mine/1' } })).headers;
    assert.equal(own.accept, 'text/html');
    assert.equal(own['user-agent'], 'mine/1');
  });

  test('sends one host header, that of the URL', async () => {
    const { rawHeaders } = await echo({ headers: { host: new URL(url('/')).host } });
    const hosts = rawHeaders.filter((_, index) => index % 2 === 0 && rawHeaders[index].toLowerCase() === 'host');
    assert.equal(hosts.length, 1);
    await typeError(fetch(url('/echo'), { headers: { host: 'elsewhere.example' } }), { message: /host/ });
  });

  test('refuses headers that belong to the connection', async () => {
    for (const name of [
      'transfer-encoding',
      'upgrade',
      'te',
      'trailer',
      'expect',
      'keep-alive',
      'proxy-authorization',
    ]) {
      const init = { method: 'POST', body: 'x', headers: { [name]: 'chunked' } };
      await typeError(fetch(url('/echo'), init), { message: new RegExp(name) });
    }
    await typeError(fetch(url('/echo'), { headers: { connection: 'upgrade' } }), { message: /connection/ });
  });

  test('connection: close is honoured, keep-alive accepted', async () => {
    assert.match((await echo({ headers: { connection: 'close' } })).headers.connection, /close/i);
    assert.equal((await fetch(url('/echo'), { headers: { connection: 'keep-alive' } })).status, 200);
  });

  test('a header cannot be injected, and its value appears in no message', async () => {
    for (const headers of [{ 'x-a': 'secret\r\nx-b: 2' }, { 'x-a\r\nx-b': 'secret' }, { 'x-a': 'secret\0' }]) {
      const error = await typeError(fetch(url('/echo'), { headers }), { message: /header/i });
      assert.ok(!`${error.message}${error.stack}${error.cause}`.includes('secret'));
    }
  });

  test('characters that could end the request line are escaped in the path', async () => {
    const { url: received, headers } = await echo({}, '/echo?q=a b\u00fc"\r\nx-injected: 1');
    assert.equal(headers['x-injected'], undefined);
    assert.ok(!received.includes(' '));
  });

  // --- Redirects

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

  test('a location with user name and password, or that is no URL, fails', async () => {
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

  // --- Cancellation

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
    await typeError(fetch(url('/echo'), { signal: 'now' }), { message: /signal/i });
  });

  // --- Content codings

  test('asks for codings it decodes, unless the caller asks himself', async () => {
    const value = async (init) => (await (await fetch(url('/accepted-encoding'), init)).json()).value;
    assert.match(await value(), /gzip.*deflate.*br/);
    assert.equal(await value({ headers: { 'accept-encoding': 'identity' } }), 'identity');
  });

  test('decodes gzip, deflate in both shapes, br and several at once', async () => {
    for (const coding of ['gzip', 'x-gzip', 'deflate', 'raw-deflate', 'br', 'twice']) {
      const response = await fetch(url(`/encoded/${coding}?text=${coding}-text`));
      assert.equal(await response.text(), `${coding}-text`);
      assert.notEqual(response.headers.get('content-encoding'), null);
    }
  });

  test('leaves the content alone when the caller set accept-encoding', async () => {
    const response = await fetch(url('/encoded/gzip'), { headers: { 'accept-encoding': 'gzip' } });
    const bytes = new Uint8Array(await response.arrayBuffer());
    same([bytes[0], bytes[1]], [0x1f, 0x8b]);
  });

  test('leaves an unknown coding alone', async () => {
    assert.equal(await (await fetch(url('/encoded/unknown?text=gur'))).text(), 'gur');
  });

  test('an empty body with a content coding is empty', async () => {
    assert.equal(await (await fetch(url('/encoded/empty'))).text(), '');
  });

  test('damaged content fails the read', async () => {
    const response = await fetch(url('/encoded/damaged'));
    await typeError(response.text(), { message: 'terminated', code: /^Z_/ });
  });

  test('a small answer that decodes to much is read piece by piece', async () => {
    const response = await fetch(url('/encoded/bomb'));
    const reader = response.body.getReader();
    const { value } = await reader.read();
    assert.ok(value.byteLength <= 1024 * 1024);
    await reader.cancel();
  });

  // --- Failures

  test('a refused connection is a TypeError with ECONNREFUSED', async () => {
    await typeError(fetch(servers().closedOrigin), { code: 'ECONNREFUSED' });
  });

  test('a name that does not exist is a TypeError with ENOTFOUND', async () => {
    await typeError(fetch('https://no-such-host.invalid/'), { code: /^(ENOTFOUND|EAI_AGAIN)$/ });
  });

  test('a server whose certificate is not trusted gets no request', async () => {
    const error = await typeError(fetch(`${servers().untrustedOrigin}/echo`));
    assert.equal(error.cause.failure, 'untrusted_server');
  });

  test('a connection cut before the answer is a TypeError with a code', async () => {
    await typeError(fetch(url('/cut/head')), { code: /^E/ });
  });

  test('a body cut short fails the read and is not taken for complete', async () => {
    const response = await fetch(url('/cut/body'));
    await typeError(response.text(), { message: 'terminated', code: /^E/ });
  });

  test('an answer that is no HTTP is a TypeError', async () => {
    const error = await typeError(fetch(url('/garbage')));
    assert.equal(error.cause.failure, 'invalid_response');
  });

  test('a status no Response can hold is a TypeError', async () => {
    await typeError(fetch(url('/strange')), { code: /./ });
  });

  test('works again after a failure', async () => {
    await failure(fetch(url('/cut/head')));
    assert.equal((await echo()).method, 'GET');
  });

  // --- Arguments

  test('http, data and blob URLs are refused: no certificate can be presented', async () => {
    for (const input of ['http://localhost/', 'data:text/plain,x', 'blob:https://localhost/x']) {
      await typeError(fetch(input), { message: /https/ });
    }
  });

  test('a relative URL is refused', async () => {
    await typeError(fetch('/echo'), { message: /URL/ });
  });

  test('a URL with user name or password is refused, and neither is named', async () => {
    const error = await typeError(fetch(url('/echo').replace('https://', 'https://user:geheim@')), { message: /URL/ });
    assert.ok(!`${error.message}${error.stack}${error.cause}`.includes('geheim'));
  });

  test('dispatcher and agent are refused with a hint', async () => {
    await typeError(fetch(url('/echo'), { dispatcher: {} }), { message: /dispatcher.*tlsOptions/ });
    await typeError(fetch(url('/echo'), { agent: {} }), { message: /agent.*tlsOptions/ });
  });

  test('integrity is refused, because it would not be checked', async () => {
    await typeError(fetch(url('/echo'), { integrity: 'sha256-x' }), { message: /integrity/ });
  });

  test('an unknown redirect mode is refused', async () => {
    await typeError(fetch(url('/echo'), { redirect: 'sometimes' }), { message: /./ });
  });

  test('cache, credentials, mode, referrer and keepalive change nothing', async () => {
    const init = {
      cache: 'no-store',
      credentials: 'include',
      mode: 'cors',
      referrer: '',
      keepalive: true,
      priority: 'low',
    };
    assert.equal((await echo(init)).method, 'GET');
  });

  test('null and undefined members of init are as if absent', async () => {
    assert.equal((await echo({ method: undefined, body: null, signal: null, dispatcher: undefined })).method, 'GET');
    assert.equal((await fetch(url('/echo'), undefined)).status, 200);
  });
}
