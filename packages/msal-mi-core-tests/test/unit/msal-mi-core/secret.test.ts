/** Text of other programs before it gets into a message (D29). */
import { redact, stringsInJson, summarizeForeignError } from 'core/secret.js';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl';
const BASE64 = Buffer.alloc(60, 7).toString('base64');

test.each([
  ['a token', `token ${JWT} end`, 'token <redacted> end'],
  ['a token without signature', 'eyJhbGciOiJub25lIn0.e30.', '<redacted>'],
  ['a certificate', `-----BEGIN CERTIFICATE-----\n${BASE64}\n-----END CERTIFICATE-----`, '<redacted>'],
  ['a key that was cut off', `-----BEGIN PRIVATE KEY-----\n${BASE64}`, '<redacted>'],
  ['long Base64', `csr=${BASE64};`, 'csr=<redacted>;'],
  ['control characters', 'a\r\nb\u0000c\u2028d', 'a b c d'],
  [
    'ordinary text',
    'AADSTS700016: not found in tenant 123e4567-e89b',
    'AADSTS700016: not found in tenant 123e4567-e89b',
  ],
])('%s', (_what, text, expected) => {
  expect(redact(text)).toBe(expected);
});

test('given secrets are masked wherever they stand, unless they are too short to be one', () => {
  expect(redact('x claims-value y claims-value, id', ['claims-value', 'id'])).toBe('x <redacted> y <redacted>, id');
});

test('the length is bounded, also for text without end', () => {
  expect(redact('word '.repeat(1_000_000)).length).toBeLessThanOrEqual(801);
});

test('every string of a claims text counts as a secret, longest first', () => {
  const json = '{"access_token":{"values":["one","three"]}}';

  expect(stringsInJson(json)).toEqual([json, 'access_token', 'values', 'three', 'one']);
  expect(stringsInJson('no json')).toEqual(['no json']);
});

test('of an error that was not made here, only its code or name is said', () => {
  const withCode = Object.assign(new TypeError('secret text'), { code: 'ECONNRESET' });

  expect(summarizeForeignError(withCode)).toBe('ECONNRESET');
  expect(summarizeForeignError(new TypeError('secret text'))).toBe('TypeError');
  expect(summarizeForeignError(Object.assign(new Error(), { code: 'has secret text' }))).toBe('Error');
  expect(summarizeForeignError('secret text')).toBe('string');
  expect(summarizeForeignError(null)).toBe('object');
});
