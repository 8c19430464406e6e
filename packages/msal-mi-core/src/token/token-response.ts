/** What the token endpoint answered, checked before anything is cached or returned (D21). */
import type { Call } from '../call.js';
import { readConfirmation } from '../crypto/jwt.js';
import { MsiV2Error, type ErrorDetails } from '../errors.js';
import { parseJsonObject, type JsonObject } from '../json.js';
import type { AccessToken, TokenType } from '../model.js';
import type { Clock } from '../ports.js';
import { redact } from '../secret.js';
import { findAadstsCode } from './aadsts.js';
import { waitAskedFor } from './throttle.js';

export interface TokenAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly hasRetryAfter: boolean;
}

/** What the answer has to fit. */
export interface Expectation {
  /** base64url SHA-256 of the certificate that was presented. */
  readonly x5tS256: string;
  readonly expectedTokenType: TokenType;
  /** Values that must not show up in an error when the service repeats them. */
  readonly secrets: readonly string[];
}

type Answered = Pick<Call, 'clock' | 'correlationId'>;

const REFRESH_JITTER = 0.1;
const MAX_REFRESH_JITTER_MS = 300_000;
/** No token lives longer; what claims to is a mistake. */
const MAX_LIFETIME_S = 10 * 366 * 86_400;
/** OAuth error codes (RFC 6749 section 5.2) are short names; anything else is not repeated as a code. */
const OAUTH_ERROR = /^[a-z0-9_]{1,64}$/i;
/** VSCHAR of RFC 6749 appendix A.12: a token becomes part of a header. */
const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

export function processTokenResponse(answer: TokenAnswer, expected: Expectation, call: Answered): AccessToken {
  const { clock, correlationId } = call;
  const body = parseJsonObject(answer.body);
  if (answer.status < 200 || answer.status > 299) throw refusal(answer, body, expected, call);
  const fail = (code: string, message?: string) =>
    new MsiV2Error(code, {
      stage: 'token',
      correlationId,
      httpStatus: answer.status,
      ...(message !== undefined && { message }),
    });
  if (body === undefined) throw fail('invalid_token_response', 'The token response is not a JSON object.');

  const tokenType = body['token_type'];
  if (typeof tokenType !== 'string' || tokenType === '') throw fail('token_type_missing');
  if (tokenType.toLowerCase() !== expected.expectedTokenType.toLowerCase()) throw fail('token_type_mismatch');
  const secret = body['access_token'];
  if (typeof secret !== 'string' || secret.trim() === '') {
    throw fail('invalid_token_response', 'The token response has no access_token.');
  }
  if (!ACCESS_TOKEN.test(secret)) {
    throw fail('invalid_token_response', 'The access_token has characters that cannot stand in a header.');
  }
  const lifetimeS = seconds(body['expires_in']);
  if (lifetimeS === undefined || lifetimeS <= 0 || lifetimeS > MAX_LIFETIME_S) {
    throw fail('invalid_token_response', 'The token response has no usable expires_in.');
  }
  if (expected.expectedTokenType === 'mtls_pop') {
    const confirmation = readConfirmation(secret);
    if (!confirmation.opaque && confirmation.x5tS256 !== expected.x5tS256) throw fail('token_binding_mismatch');
  }
  const nowMs = clock.now();
  const extLifetimeS = believable(seconds(body['ext_expires_in']));
  const refreshInS = believable(seconds(body['refresh_in']));
  const refreshInMs = refreshInS === undefined || refreshInS <= 0 ? undefined : refreshInS * 1_000;
  return Object.freeze({
    secret,
    tokenType: expected.expectedTokenType,
    expiresAtMs: nowMs + lifetimeS * 1_000,
    extExpiresAtMs: extLifetimeS === undefined ? undefined : nowMs + extLifetimeS * 1_000,
    refreshOnMs: refreshInMs === undefined ? undefined : nowMs + refreshInMs,
    refreshAfterMs: refreshInMs === undefined ? undefined : nowMs + refreshInMs + jitterMs(refreshInMs, clock),
    requestId: answer.headers['x-ms-request-id'],
  });
}

/** What no date can hold is taken as not said: the token is good all the same. */
function believable(durationS: number | undefined): number | undefined {
  return durationS !== undefined && Math.abs(durationS) <= MAX_LIFETIME_S ? durationS : undefined;
}

function refusal(answer: TokenAnswer, body: JsonObject | undefined, expected: Expectation, call: Answered): MsiV2Error {
  const text = (name: string) => (typeof body?.[name] === 'string' ? body[name] : '');
  const isCode = OAUTH_ERROR.test(text('error')) && !expected.secrets.includes(text('error'));
  const oauthError = isCode ? text('error') : undefined;
  const description = text('error_description');
  const aadstsCode = findAadstsCode(body?.['error_codes'], description);
  const claims = text('claims');
  const { clock, correlationId } = call;
  const retryAfterMs = waitAskedFor(answer, clock.now());
  const said = redact(description === '' ? (oauthError ?? '') : description, expected.secrets);
  const details: ErrorDetails = {
    stage: 'token',
    correlationId,
    httpStatus: answer.status,
    subError: redact(text('suberror'), expected.secrets).slice(0, 100),
    message: `The token endpoint answered HTTP ${answer.status}${said === '' ? '.' : ` (${said}).`}`,
    ...(aadstsCode !== undefined && { aadstsCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(claims !== '' && { claims }),
  };
  if (answer.status >= 500) return new MsiV2Error('service_not_available', details);
  if (answer.status === 429) return new MsiV2Error('request_throttled', details);
  return new MsiV2Error(oauthError ?? 'token_request_failed', { ...details, retryable: answer.status === 408 });
}

/** A number, or a string of digits. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function jitterMs(delayMs: number, clock: Clock): number {
  return Math.min(delayMs * REFRESH_JITTER, MAX_REFRESH_JITTER_MS) * clock.random();
}
