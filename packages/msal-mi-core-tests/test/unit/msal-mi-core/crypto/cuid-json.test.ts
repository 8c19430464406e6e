/** The text in the CSR attribute has to be what .NET's JSON encoder would write (D13). */
import { toDotNetJson } from 'core/crypto/cuid-json.js';

test('E02: only the members that are there are written, compactly and in their order', () => {
  expect(toDotNetJson({ vmId: 'fake_vmId' })).toBe('{"vmId":"fake_vmId"}');
  expect(toDotNetJson({ vmId: 'v', vmssId: 's' })).toBe('{"vmId":"v","vmssId":"s"}');
  expect(toDotNetJson({ vmId: 'v', vmssId: '' })).toBe('{"vmId":"v","vmssId":""}');
});

test.each([
  ['plain text', 'AZ az 09 -_.:/', '"AZ az 09 -_.:/"'],
  ['HTML characters', `<a href='x'>&`, String.raw`"\u003Ca href=\u0027x\u0027\u003E\u0026"`],
  ['double quote, backslash', '"\\', String.raw`"\u0022\\"`],
  ['plus and backtick', '+`', String.raw`"\u002B\u0060"`],
  ['controls with a short form', '\b\t\n\f\r', String.raw`"\b\t\n\f\r"`],
  ['other controls', '\u0000\u001f\u007f', String.raw`"\u0000\u001F\u007F"`],
  ['letters beyond ASCII', 'é中', String.raw`"\u00E9\u4E2D"`],
  ['a character of two units', '😀', String.raw`"\uD83D\uDE00"`],
  ['line separators', '\u2028\u2029', String.raw`"\u2028\u2029"`],
])('%s: escaped as .NET does', (_what, text, expected) => {
  expect(toDotNetJson(text)).toBe(expected);
  expect(JSON.parse(toDotNetJson(text))).toBe(text);
});
