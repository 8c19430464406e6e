// Methods, Request objects and the other arguments.

/** @param {import('./world.mjs').World} world */
export function defineRequests({ test, assert, url, fetch, echo, typeError, streamed }) {
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

  test('refuses a method that is not a token', async () => {
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
