// Headers of the request.

/** @param {import('./world.mjs').World} world */
export function defineHeaders({ test, assert, url, fetch, echo, typeError }) {
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

  test('takes names and values as Headers does', async () => {
    // The WinHTTP of Wine sends UTF-8 (docs/discoveries/only-a-real-vm.md, 6).
    const isWine = process.platform === 'win32' && process.env.WINEPREFIX !== undefined;
    const latin = isWine ? {} : { 'x-latin': 'caf\u00e9' };
    const headers = { 'X-Spaces': ' \t a b\t ', 'X-Empty': '', 'x-number': 7, ...latin };
    const { headers: received } = await echo({ headers });
    const expected = new Headers(headers);
    for (const name of ['x-spaces', 'x-empty', 'x-number', ...Object.keys(latin)]) {
      assert.equal(received[name], expected.get(name));
    }
    assert.equal((await echo({ headers: { 'x-a': '1', 'X-A': '2' } })).headers['x-a'], '1, 2');
    for (const wrong of [
      { 'a b': '1' },
      { a: 'b\r\nc: d' },
      { a: 'b\0' },
      { a: '\u20ac' },
      { '': '1' },
      [['a']],
      'a: b',
    ]) {
      await typeError(fetch(url('/echo'), { headers: wrong }), { message: /HTTP does not allow/ });
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
}
