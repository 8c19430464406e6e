// Request bodies that are there at once.
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

/** @param {import('./world.mjs').World} world */
export function defineBodies({ test, assert, url, fetch, echo, sha256, typeError }) {
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

  test('a content-length that is not the length of the body is refused', async () => {
    for (const length of ['4', '0x5', '5, 5', '-5']) {
      const init = { method: 'POST', body: '12345', headers: { 'content-length': length } };
      await typeError(fetch(url('/echo'), init), { message: /content-length/ });
    }
    assert.equal((await echo({ method: 'POST', body: '12345', headers: { 'content-length': '5' } })).text, '12345');
  });

  test('uploads 8 MiB of bytes unchanged', async () => {
    const bytes = randomBytes(8 * 1024 * 1024);
    assert.equal((await echo({ method: 'PUT', body: bytes })).sha256, sha256(bytes));
  });
}
