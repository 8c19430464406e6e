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

test.each([
  ['a short one', ['pin4']],
  ['one behind very long ones', ['a'.repeat(40_000), 'pin4']],
  ['one behind very long ones that is long itself', ['a'.repeat(40_000), 'a-value-of-more-than-sixteen-characters']],
])('%s is masked where it stands whole', (_what, secrets) => {
  expect(redact(`you sent ${secrets.at(-1)!.toUpperCase()} here`, secrets)).toBe('you sent <redacted> here');
});

/** As random as ids are: its digits and letters take turns. */
const GUID = '7f3a9c2e-1b4d-4e6f-8a0c-3d5e7f9b1c2d';

test.each([
  ['the subject of a managed identity', `/eid1/c/pub/t/9ExAAAAA_ky4ZiS_jhpJIQ/a/9ExAAAAA_ky4ZiS_jhpJIQ/${GUID}`],
  [
    'the resource id of an identity',
    `/subscriptions/${GUID}/resourceGroups/production-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders`,
  ],
  ['a URL', `https://login.microsoftonline.com/${GUID}/oauth2/v2.0/token`],
  ['a host name', 'a-very-long-storage-account-name-0123456789.privatelink.blob.core.windows.net'],
  ['a path', '/var/lib/kubelet/pods/some-pod-name-with-many-words/volumes/kubernetes.io~projected/token/file'],
  ['ids side by side', `Trace ID: ${GUID} Correlation ID: ${GUID}_${GUID}`],
])('%s stays readable', (_what, text) => {
  expect(redact(`refused for '${text}'.`)).toBe(`refused for '${text}'.`);
});

test.each([
  ['bytes as Base64', Buffer.from(Array.from({ length: 90 }, (_, i) => (i * 151 + 7) % 256)).toString('base64')],
  ['bytes as base64url', Buffer.from(Array.from({ length: 90 }, (_, i) => (i * 151 + 7) % 256)).toString('base64url')],
  ['a hash', 'd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42fd14a028c'],
  ['a long word', 'k'.repeat(64)],
  ['a token in a path', `/tokens/${JWT}`],
])('%s does not', (_what, text) => {
  expect(redact(`got '${text}'.`)).not.toContain(text.slice(-40));
});

describe('what a service repeats of a secret', () => {
  const claims = '{"id_token":{"acr":{"value":"clm_7f3a with words"}}}';
  const secrets = stringsInJson(claims);
  const base64Within = (before: string) => Buffer.from(`${before}${claims} after`).toString('base64');

  test.each([
    ['as it is', claims],
    ['in upper case', claims.toUpperCase()],
    ['a piece of it', claims.slice(9, 30)],
    ['as Base64', Buffer.from(claims).toString('base64')],
    ['as base64url, cut', Buffer.from(claims).toString('base64url').slice(5, 60)],
    ['within other Base64', base64Within('x')],
    ['within other Base64, a byte further', base64Within('xx')],
    ['within other Base64, two bytes further', base64Within('xxx')],
    ['percent-encoded', encodeURIComponent(claims)],
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(claims))],
    ['in a form', new URLSearchParams({ claims }).toString()],
    ['in JSON', JSON.stringify({ claims })],
    ['a value of it', 'clm_7f3a with words'],
    ['a value of it as Base64', Buffer.from('clm_7f3a with words').toString('base64')],
  ])('is masked: %s', (_how, echo) => {
    const said = redact(`you sent ${echo} here`, secrets);
    expect(said).toMatch(/^you sent .*<redacted>.* here$/);
    for (let at = 0; at + 16 <= echo.length; at += 1) {
      const piece = echo.slice(at, at + 16);
      const isOfClaims = [claims, claims.toUpperCase(), Buffer.from(claims).toString('base64')].some((form) =>
        form.includes(piece),
      );
      if (isOfClaims) expect(said).not.toContain(piece);
    }
  });

  test.each([
    ['as it is', (text: string) => text],
    ['percent-encoded', encodeURIComponent],
    ['percent-encoded twice', (text: string) => encodeURIComponent(encodeURIComponent(text))],
    ['in a form', (text: string) => new URLSearchParams({ text }).toString().slice('text='.length)],
    ['in JSON', (text: string) => JSON.stringify(text).slice(1, -1)],
  ])('is masked from its first to its last character: %s', (_how, encode) => {
    for (const secret of ['a "b" c', 'one "two" three "four" five']) {
      expect(redact(`you sent ${encode(secret)} here`, [secret])).toBe('you sent <redacted> here');
    }
  });

  test('and words that are not in it stay', () => {
    expect(redact('AADSTS50079: you sent clm_7f3a with words to tenant contoso', secrets)).toBe(
      'AADSTS50079: you sent <redacted> to tenant contoso',
    );
  });
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
