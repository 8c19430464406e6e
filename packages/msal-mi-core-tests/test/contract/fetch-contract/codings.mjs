// Content codings.

/** @param {import('./world.mjs').World} world */
export function defineCodings({ test, assert, url, fetch, same, typeError }) {
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
}
