/** What is accepted as a token, and what each refusal becomes (D21, D22). */
import { findAadstsCode, STALE_CERTIFICATE_CODES } from 'core/token/aadsts.js';
import { MsiV2Error } from 'core/errors.js';
import { processTokenResponse } from 'core/token/token-response.js';
import { VirtualClock } from 'support/virtual-clock.js';

const NOW = 1_000_000;
const THUMBPRINT = 'the-thumbprint';
const EXPECTED = { expectedTokenType: 'mtls_pop', x5tS256: THUMBPRINT, secrets: [] } as const;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown) => `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`;
const BOUND = jwt({ cnf: { 'x5t#S256': THUMBPRINT } });
const GOOD = { token_type: 'mtls_pop', access_token: BOUND, expires_in: 3600 };

function process(body: unknown, { status = 200, secrets = [] as string[], headers = {}, random = 0 } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const clock = new VirtualClock(NOW);
  clock.randomValue = random;
  const answer = { status, headers, body: text, hasRetryAfter: false };
  return processTokenResponse(answer, { ...EXPECTED, secrets }, { clock, correlationId: 'c-1' });
}

function refusal(body: unknown, options: { status?: number; secrets?: string[] } = {}): MsiV2Error {
  try {
    process(body, options);
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

test('the refresh is spread over up to five minutes, the announced time stays', () => {
  const token = process({ ...GOOD, refresh_in: 43_200 }, { random: 0.999 });

  expect(token.refreshOnMs).toBe(NOW + 43_200_000);
  expect(token.refreshAfterMs).toBeGreaterThan(NOW + 43_200_000);
  expect(token.refreshAfterMs).toBeLessThanOrEqual(NOW + 43_200_000 + 300_000);
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
  expect(JSON.stringify(error) + error.message).not.toContain('eyJ');
});

test('a token that cannot be read is taken: only the resource can tell', () => {
  expect(process({ ...GOOD, access_token: 'opaque' }).secret).toBe('opaque');
});

test.each(['', 'null', '[]', '"x"', '{"token_type"'])('a 200 that is no JSON object is refused: %s', (body) => {
  expect(refusal(body).errorCode).toBe('invalid_token_response');
});

describe('refusals', () => {
  test('J46: a 401 without JSON has a code of its own and no text', () => {
    expect(refusal('<html>no</html>', { status: 401 })).toMatchObject({
      errorCode: 'token_request_failed',
      httpStatus: 401,
      errorMessage: 'The token endpoint answered HTTP 401.',
      retryable: false,
    });
  });

  test('J47: a claims challenge can be read and is not printed', () => {
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    const error = refusal({ error: 'interaction_required', suberror: 'basic', claims }, { status: 400 });

    expect(error).toMatchObject({ errorCode: 'interaction_required', subError: 'basic', claims });
    expect(Object.keys(error)).not.toContain('claims');
    expect(JSON.stringify(error) + error.message).not.toContain('nbf');
  });

  test('J44: a 429 is request_throttled with and without JSON', () => {
    expect(refusal({ error: 'too_many' }, { status: 429 })).toMatchObject({
      errorCode: 'request_throttled',
      retryable: true,
    });
    expect(refusal('busy', { status: 429 }).errorCode).toBe('request_throttled');
  });

  test('a server error is service_not_available whatever it says', () => {
    expect(refusal({ error: 'invalid_client' }, { status: 503 })).toMatchObject({
      errorCode: 'service_not_available',
      retryable: true,
    });
  });

  test('an error name that is none is not taken over as a code', () => {
    expect(refusal({ error: 'see https://example.com' }, { status: 400 }).errorCode).toBe('token_request_failed');
  });

  test('what the service repeats of the request is masked', () => {
    const secret = 'value-of-the-claims';
    const error = refusal(
      { error: 'invalid_request', error_description: `AADSTS1: ${secret} and ${BOUND}` },
      { status: 400, secrets: [secret] },
    );

    expect(error.message).not.toContain(secret);
    expect(error.message).not.toContain('eyJ');
    expect(error.aadstsCode).toBe('1');
  });
});

describe('AADSTS codes', () => {
  test('the table holds the codes of the protocol, and which of them spoil the attestation', () => {
    const spoiling = Object.entries(STALE_CERTIFICATE_CODES).map(([code, row]) => [code, row.evidenceIsStale]);

    expect(Object.fromEntries(spoiling)).toEqual({
      '1000901': false,
      '1000610': true,
      '1000611': true,
      '1000612': true,
      '1000613': true,
      '1000614': true,
      '700016': false,
    });
  });

  test.each([
    ['a number in error_codes', [1000901], '', '1000901'],
    ['a string in error_codes', ['1000610'], '', '1000610'],
    ['in the description', undefined, 'x AADSTS1000901: expired', '1000901'],
    ['in lower case', undefined, 'aadsts1000901: expired', '1000901'],
    ['a listed code behind others', [7000218, 1000612], '', '1000612'],
    ['a listed code behind one in the other place', [7000218], 'AADSTS1000613: x', '1000613'],
    ['the first when none is listed', [7000218, 7000229], 'AADSTS90002: x', '7000218'],
    ['without colon', undefined, 'AADSTS1000901 expired', undefined],
    ['a longer number', undefined, 'AADSTS10009010: x', '10009010'],
    ['error_codes of another type', 'no list', '', undefined],
    ['no code at all', [], 'went wrong', undefined],
    ['text in place of a number', ['constructor'], '', undefined],
  ])('%s', (_what, codes, description, expected) => {
    expect(findAadstsCode(codes, description)).toBe(expected);
  });
});
