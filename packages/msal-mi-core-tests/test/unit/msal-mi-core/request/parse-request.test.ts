/** Options are checked before anything else happens (D3, D20). */
import * as requests from 'core/request/parse-request.js';
import { errorWith } from 'support/errors.js';

const VAULT = 'https://vault.azure.net';
const parseRequest = (options: unknown) => requests.parseRequest(requests.readTokenOptions(options));
const isRequestOverMtls = (options: unknown) => requests.isRequestOverMtls(requests.readTokenOptions(options));
const parse = (options: object) => parseRequest({ resource: VAULT, ...options });
const code = (errorCode: string) => errorWith({ errorCode });

test('a minimal request gets the default floor, a fresh correlation id and nothing else', () => {
  expect(parseRequest({ resource: VAULT })).toEqual({
    tokenType: 'mtls_pop',
    resource: VAULT,
    scope: `${VAULT}/.default`,
    claims: undefined,
    claimsFromClient: undefined,
    forceRefresh: false,
    attested: false,
    minStrength: 3,
    correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    signal: undefined,
  });
  expect(parse({}).correlationId).not.toBe(parse({}).correlationId);
});

test.each([
  [VAULT, `${VAULT}/.default`],
  [`${VAULT}/.default`, `${VAULT}/.default`],
  [`${VAULT}/`, `${VAULT}/.default`],
  [`  ${VAULT}  `, `${VAULT}/.default`],
  ['api://AzureADTokenExchange', 'api://AzureADTokenExchange/.default'],
  ['11111111-1111-1111-1111-111111111111', '11111111-1111-1111-1111-111111111111/.default'],
])('resource %p has the scope %s', (resource, scope) => {
  expect(parseRequest({ resource }).scope).toBe(scope);
});

test.each([
  ...[undefined, null, '', ' ', '/.default', 'a b', 'https://a\nb', 1, {}, [VAULT]],
  ...['https://vault.azure.net\\', 'https:\\\\vault.azure.net', 'api://a\\b'],
  ...['https://vault.azure.net.', 'https://vault.azure.net./', 'HTTPS://vault.azure.net.:443/a'],
])('J04: a resource that is none, or that others read in another way, is refused: %p', (resource) => {
  expect(() => parseRequest({ resource })).toThrow(code('invalid_resource'));
});

test.each([undefined, null, 1, 'text', [], [VAULT]])(
  'A20: a request that is not an object is refused: %p',
  (request) => {
    expect(() => isRequestOverMtls(request)).toThrow(code('invalid_request'));
  },
);

test('unknown options are refused: a misspelt one would weaken the request', () => {
  for (const name of ['withAttestation', 'mtlsProofofPossession', 'extraQueryParameters', 'scopes']) {
    expect(() => isRequestOverMtls({ resource: VAULT, [name]: true })).toThrow(new RegExp(`"${name}" is unknown`));
  }
});

test.each([
  ['mtlsProofOfPossession', 'true'],
  ['mtlsProofOfPossession', 1],
  ['mtlsProofOfPossession', null],
  ['withAttestationSupport', 'yes'],
])('a flag is true or false, nothing like it: %s = %p', (name, value) => {
  expect(() => isRequestOverMtls({ resource: VAULT, [name]: value })).toThrow(code('invalid_request'));
});

test('A22: attestation without proof of possession is refused', () => {
  expect(() => isRequestOverMtls({ resource: VAULT, withAttestationSupport: true })).toThrow(
    code('attestation_requires_pop'),
  );
});

test('a floor without proof of possession is refused', () => {
  expect(() => isRequestOverMtls({ resource: VAULT, minStrength: 1 })).toThrow(code('invalid_request'));
});

test('claims of the client are refused for a bearer token, which cannot have them', () => {
  const request = (claimsFromClient: string) => ({ resource: VAULT, claimsFromClient });
  expect(() => isRequestOverMtls(request('{"a":1}'))).toThrow(code('invalid_request'));
  expect(() => isRequestOverMtls(request('{'))).toThrow(code('invalid_json_claims_format'));
  expect(isRequestOverMtls(request(' '))).toBe(false);
});

test.each([2, 4, -1, '1', 'KeyGuard', null, NaN])('a floor that is not a strength is refused: %p', (minStrength) => {
  expect(() => parse({ minStrength })).toThrow(code('invalid_request'));
});

test.each(['', 'a b', 'a\r\nInjected: 1', 'ü', 'x'.repeat(129), 1])(
  'a correlation id that cannot stand in a header is refused: %p',
  (correlationId) => {
    expect(() => parse({ correlationId })).toThrow(code('invalid_request'));
  },
);

test.each([1, 'abort', {}, true, new EventTarget()])('a signal that is none is refused: %p', (signal) => {
  expect(() => parse({ signal })).toThrow(code('invalid_request'));
});

test.each(['claims', 'claimsFromClient'])(
  '%s: blank is nothing, an object is kept verbatim, the rest is refused',
  (name) => {
    const read = (value: unknown) => (parse({ [name]: value }) as unknown as Record<string, unknown>)[name];

    expect([read(undefined), read(null), read(''), read('  ')]).toEqual([undefined, undefined, undefined, undefined]);
    expect(read(' {"a": 1}')).toBe(' {"a": 1}');
    for (const value of [{}, 1, true, '[]', 'text', '{']) {
      expect(() => parse({ [name]: value })).toThrow(code('invalid_json_claims_format'));
    }
  },
);
