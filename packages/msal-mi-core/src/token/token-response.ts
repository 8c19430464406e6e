/** What the token endpoint answered, checked before anything is cached or returned (D21). */
import type { Call } from '../call.js';
import { readConfirmation } from '../crypto/jwt.js';
import { MsiV2Error } from '../errors.js';
import { parseJsonAnswer } from '../json.js';
import type { AccessToken, TokenType } from '../model.js';
import type { Clock } from '../ports.js';

export interface TokenAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly hasRetryAfter: boolean;
}

/** What the answer has to fit. */
export interface Expectation {
  readonly tokenUrl: string;
  /** base64url SHA-256 of the certificate that was presented. */
  readonly x5tS256: string;
  readonly expectedTokenType: TokenType;
  /** Values that must not show up in an error when the service repeats them. */
  readonly secrets: readonly string[];
}

type Answered = Pick<Call, 'clock' | 'correlationId'>;

/**
 * A fleet that was started at once would come back at once, twice a day: a refresh waits for up to this share longer than the
 * service named, and for up to this share of what is then left of the token.
 */
const REFRESH_JITTER = 0.1;
const MAX_SHARE_OF_REST = 0.5;
/** No token lives longer; what claims to is a mistake. */
const MAX_LIFETIME_S = 10 * 366 * 86_400;
/** VSCHAR of RFC 6749 appendix A.12: a token becomes part of a header. */
const ACCESS_TOKEN = /^[\x20-\x7e]+$/;

/** @param answer - With a status of success. */
export function processTokenResponse(answer: TokenAnswer, expected: Expectation, call: Answered): AccessToken {
  const { clock, correlationId } = call;
  const body = parseJsonAnswer(answer.body);
  const fail = (code: string, problem: string) =>
    new MsiV2Error(code, {
      stage: 'token',
      correlationId,
      httpStatus: answer.status,
      message: `The token response of ${new URL(expected.tokenUrl).origin} ${problem}.`,
    });
  if (body === undefined) throw fail('invalid_token_response', 'is not a JSON object');

  checkTokenType(body['token_type'], expected, fail);
  const secret = checkedToken(body['access_token'], expected, fail);
  const lifetimeS = seconds(body['expires_in']);
  if (lifetimeS === undefined || lifetimeS <= 0 || lifetimeS > MAX_LIFETIME_S) {
    throw fail('invalid_token_response', 'has no usable expires_in');
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
    refreshAfterMs:
      refreshInMs === undefined ? undefined : nowMs + refreshInMs + jitterMs(refreshInMs, lifetimeS * 1_000, clock),
    requestId: answer.headers['x-ms-request-id'],
  });
}

type Fail = (code: string, problem: string) => MsiV2Error;

function checkTokenType(tokenType: unknown, { expectedTokenType }: Expectation, fail: Fail): void {
  if (typeof tokenType !== 'string' || tokenType === '') throw fail('token_type_missing', 'has no token_type');
  if (tokenType.toLowerCase() !== expectedTokenType.toLowerCase()) {
    throw fail('token_type_mismatch', `carries another kind of token than ${expectedTokenType}`);
  }
}

/** @returns the token, which can stand in a header and, when it has to be, is bound to the certificate. */
function checkedToken(secret: unknown, { expectedTokenType, x5tS256 }: Expectation, fail: Fail): string {
  if (typeof secret !== 'string' || secret.trim() === '') {
    throw fail('invalid_token_response', 'has no access_token');
  }
  if (!ACCESS_TOKEN.test(secret)) {
    throw fail('invalid_token_response', 'has an access_token with characters that cannot stand in a header');
  }
  const confirmation = expectedTokenType === 'mtls_pop' ? readConfirmation(secret) : undefined;
  if (confirmation?.opaque === false && confirmation.x5tS256 !== x5tS256) {
    throw fail('token_binding_mismatch', 'has a token that is not bound to the certificate that was presented');
  }
  return secret;
}

/** What no date can hold is taken as not said: the token is good all the same. */
function believable(durationS: number | undefined): number | undefined {
  return durationS !== undefined && Math.abs(durationS) <= MAX_LIFETIME_S ? durationS : undefined;
}

/** A number, or a string of digits. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function jitterMs(refreshInMs: number, lifetimeMs: number, clock: Clock): number {
  const restMs = Math.max(lifetimeMs - refreshInMs, 0);
  return Math.min(refreshInMs * REFRESH_JITTER, restMs * MAX_SHARE_OF_REST) * clock.random();
}
