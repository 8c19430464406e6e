/** What each refusal of the token endpoint becomes (D24, D29). */
import { refusedToken } from 'core/token/token-failure.js';
import { VirtualClock } from 'support/virtual-clock.js';

const TOKEN_URL = 'https://mtlsauth.example/tenant/oauth2/v2.0/token';
const BOUND = 'eyJhbGciOiJSUzI1NiJ9.eyJjbmYiOnsieDV0I1MyNTYiOiJ4In19.c2ln';

function refusal(body: unknown, { status = 400, secrets = [] as string[], form = {} } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = { status, headers: {}, body: text, hasRetryAfter: false };
  const exchange = { tokenUrl: TOKEN_URL, form: new URLSearchParams(form), secrets };
  return refusedToken(answer, exchange, { clock: new VirtualClock(1_000_000), correlationId: 'c-1' });
}

test('J46: a 401 without JSON has a code of its own and no text', () => {
  expect(refusal('<html>no</html>', { status: 401 })).toMatchObject({
    errorCode: 'token_request_failed',
    httpStatus: 401,
    errorMessage: 'https://mtlsauth.example answered HTTP 401.',
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

test('rule D8: a byte order mark before a refusal hides nothing of it', () => {
  const text = JSON.stringify({ error: 'invalid_client', error_description: 'AADSTS1000901: The time has passed.' });

  expect(refusal(`\ufeff${text}`, { status: 401 })).toMatchObject({
    errorCode: 'invalid_client',
    aadstsCode: '1000901',
  });
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

test.each(['value_of_the_claims', 'VALUE_OF_THE_CLAIMS'])(
  'an error name that repeats a secret is not a code: %s',
  (name) => {
    const error = refusal({ error: name }, { secrets: ['value_of_the_claims'] });
    expect(error.errorCode).toBe('token_request_failed');
    expect(JSON.stringify(error) + error.message).not.toMatch(/value_of_the_claims/i);
  },
);

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
