/** What is accepted as a token (D21). */
import { MsiV2Error } from 'core/errors.js';
import { processTokenResponse } from 'core/token/token-response.js';
import { VirtualClock } from 'support/virtual-clock.js';

const NOW = 1_000_000;
const THUMBPRINT = 'the-thumbprint';
const TOKEN_URL = 'https://mtlsauth.example/tenant/oauth2/v2.0/token';
const EXPECTED = { tokenUrl: TOKEN_URL, expectedTokenType: 'mtls_pop', x5tS256: THUMBPRINT, secrets: [] } as const;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown) => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;
const BOUND = jwt({ cnf: { 'x5t#S256': THUMBPRINT } });
const GOOD = { token_type: 'mtls_pop', access_token: BOUND, expires_in: 3600 };

function process(body: unknown, { headers = {}, random = 0 } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const clock = new VirtualClock(NOW);
  clock.randomValue = random;
  const answer = { status: 200, headers, body: text, hasRetryAfter: false };
  return processTokenResponse(answer, EXPECTED, { clock, correlationId: 'c-1' });
}

function refusal(body: unknown): MsiV2Error {
  try {
    process(body);
  } catch (error) {
    if (error instanceof MsiV2Error) return error;
    throw error;
  }
  throw new Error('was accepted');
}

test('a bound token is taken over with its times', () => {
  const token = process({ ...GOOD, ext_expires_in: 7200, refresh_in: 1800 }, { headers: { 'x-ms-request-id': 'r' } });

  expect(token).toEqual({
    secret: BOUND,
    tokenType: 'mtls_pop',
    expiresAtMs: NOW + 3_600_000,
    extExpiresAtMs: NOW + 7_200_000,
    refreshOnMs: NOW + 1_800_000,
    refreshAfterMs: NOW + 1_800_000,
    requestId: 'r',
  });
});

test('rule D26: the refresh is spread over a tenth of what was announced, the announced time stays', () => {
  const token = process({ ...GOOD, expires_in: 86_400, refresh_in: 43_200 }, { random: 0.999 });

  expect(token.refreshOnMs).toBe(NOW + 43_200_000);
  expect(token.refreshAfterMs).toBeGreaterThan(NOW + 43_200_000 + 4_300_000);
  expect(token.refreshAfterMs).toBeLessThanOrEqual(NOW + 43_200_000 + 4_320_000);
});

test('rule D26: a refresh that was announced late is spread over half of what is then left of the token', () => {
  const token = process({ ...GOOD, expires_in: 3_600, refresh_in: 3_500 }, { random: 0.999 });

  expect(token.refreshAfterMs).toBeGreaterThan(NOW + 3_549_000);
  expect(token.refreshAfterMs).toBeLessThanOrEqual(NOW + 3_550_000);
});

test('times may be numeric strings', () => {
  expect(process({ ...GOOD, expires_in: '3600', refresh_in: ' 60 ' })).toMatchObject({
    expiresAtMs: NOW + 3_600_000,
    refreshOnMs: NOW + 60_000,
  });
});

test('a refresh_in or ext_expires_in that no date can hold is taken as not said', () => {
  const token = process({ ...GOOD, refresh_in: 1e15, ext_expires_in: 1e300 });
  expect(token).toMatchObject({ refreshOnMs: undefined, refreshAfterMs: undefined, extExpiresAtMs: undefined });
});

test('J19: without refresh_in there is no refresh time', () => {
  expect(process({ ...GOOD, expires_in: 86_400 })).toMatchObject({ refreshOnMs: undefined, refreshAfterMs: undefined });
});

test.each([undefined, null, '', 'soon', -1, 0, true, {}, 1e12])(
  'a lifetime that is none is refused: %p',
  (expires_in) => {
    expect(refusal({ ...GOOD, expires_in }).errorCode).toBe('invalid_token_response');
  },
);

test.each(['mtls_pop', 'MTLS_POP', 'Mtls_Pop'])('the type is compared in any case: %s', (token_type) => {
  expect(process({ ...GOOD, token_type }).tokenType).toBe('mtls_pop');
});

test.each([
  ['token_type_missing', { token_type: undefined }],
  ['token_type_missing', { token_type: '' }],
  ['token_type_missing', { token_type: 1 }],
  ['token_type_mismatch', { token_type: 'Bearer' }],
  ['token_type_mismatch', { token_type: 'mtls_pop ' }],
  ['invalid_token_response', { access_token: undefined }],
  ['invalid_token_response', { access_token: ' ' }],
  ['invalid_token_response', { access_token: 'opaque\r\nx-injected: 1' }],
  ['invalid_token_response', { access_token: 'opaque\u20ac' }],
  ['token_binding_mismatch', { access_token: jwt({ cnf: { 'x5t#S256': 'other' } }) }],
  ['token_binding_mismatch', { access_token: jwt({ cnf: { 'x5t#S256': 1 } }) }],
  ['token_binding_mismatch', { access_token: jwt({ cnf: null }) }],
  ['token_binding_mismatch', { access_token: jwt({}) }],
  ['token_binding_mismatch', { access_token: jwt({}).replace(/^[^.]+/, 'unreadable') }],
  ['token_binding_mismatch', { access_token: jwt({}).replace(/[.][^.]+[.]/, '.unreadable.') }],
])('%s: %p', (code, change) => {
  const error = refusal({ ...GOOD, ...change });

  expect(error).toMatchObject({ errorCode: code, stage: 'token', httpStatus: 200, correlationId: 'c-1' });
  expect(error.message).toContain('https://mtlsauth.example');
  expect(JSON.stringify(error) + error.message).not.toContain('eyJ');
});

test.each([
  ['cnf', { 'x5t#S256': THUMBPRINT }, {}],
  ['x5t#S256', THUMBPRINT, { cnf: {} }],
])('a polluted Object.prototype.%s binds no token', (name, value, claims) => {
  Object.defineProperty(Object.prototype, name, { value, configurable: true });
  try {
    expect(refusal({ ...GOOD, access_token: jwt(claims) }).errorCode).toBe('token_binding_mismatch');
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
});

test('a token that cannot be read is taken: only the resource can tell', () => {
  expect(process({ ...GOOD, access_token: 'opaque' }).secret).toBe('opaque');
});

test.each(['', 'null', '[]', '"x"', '{"token_type"'])('a 200 that is not a JSON object is refused: %s', (body) => {
  expect(refusal(body).errorCode).toBe('invalid_token_response');
});
