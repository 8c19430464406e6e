/** Why a request is not served, in the shapes that frameworks answer with. */
import { MsalMiError } from '../errors.js';

/** Which check a request failed. */
export type MtlsPopRefusalReason =
  | 'no_authorization'
  | 'wrong_scheme'
  | 'malformed_token'
  | 'no_certificate'
  | 'unreadable_certificate'
  | 'algorithm_not_allowed'
  | 'unknown_key'
  | 'invalid_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'missing_claim'
  | 'not_bound'
  | 'other_certificate';

const DESCRIPTIONS: Readonly<Record<MtlsPopRefusalReason, string>> = {
  no_authorization: 'There is no Authorization header',
  wrong_scheme: 'The Authorization scheme is not mtls_pop',
  malformed_token: 'The token is not a signed JWT',
  no_certificate: 'The connection presented no client certificate',
  unreadable_certificate: 'The forwarded client certificate cannot be read',
  algorithm_not_allowed: 'The signature algorithm of the token is not allowed',
  unknown_key: 'The token is signed with a key that the issuer does not publish',
  invalid_signature: 'The signature of the token is not valid',
  wrong_issuer: 'The token is from another issuer',
  wrong_audience: 'The token is for another audience',
  expired: 'The token has expired',
  not_yet_valid: 'The token is not valid yet',
  missing_claim: 'The token lacks a required claim, or holds it in the wrong form',
  not_bound: 'The token is not bound to a certificate',
  other_certificate: 'The token is bound to another certificate than the one presented',
};

/** RFC 6750 section 3.1: a client that did not try to authenticate is told how, not what went wrong. */
const WITHOUT_ERROR_CODE: ReadonlySet<MtlsPopRefusalReason> = new Set(['no_authorization', 'wrong_scheme']);

/**
 * A request that must not be served. `errorCode` is `invalid_token`, `httpStatus` is 401. Express, Fastify and Koa take
 * status and headers of the answer from the error, Hono asks it for the answer.
 */
export class MtlsPopRefusal extends MsalMiError {
  /** The check that failed. */
  readonly reason: MtlsPopRefusalReason;
  /** Value of `WWW-Authenticate` for the answer (RFC 6750 section 3, RFC 8705 section 3). */
  readonly wwwAuthenticate: string;
  /** Status of the answer. */
  readonly statusCode: 401;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** For Koa: the message may be shown to the client, and the refusal is not a fault of the server. */
  readonly expose: true;

  /** @param reason - The check that failed; it decides the message and the challenge. */
  constructor(reason: MtlsPopRefusalReason) {
    const description = DESCRIPTIONS[reason];
    super('invalid_token', { stage: 'resource', httpStatus: 401, message: `${description}.` });
    this.reason = reason;
    this.wwwAuthenticate = WITHOUT_ERROR_CODE.has(reason)
      ? 'mtls_pop'
      : `mtls_pop error="invalid_token", error_description="${description}"`;
    this.statusCode = 401;
    this.headers = { 'WWW-Authenticate': this.wwwAuthenticate, 'Cache-Control': 'no-store' };
    this.expose = true;
  }

  /** The whole answer for frameworks that return a `Response`, such as Hono. */
  getResponse(): Response {
    return toResponse(answerOf(this));
  }
}

/**
 * The key that would verify a token cannot be had: not the client's fault. `errorCode` is `key_set_unavailable`,
 * `httpStatus` is 503. Status and headers of the answer are where frameworks look for them.
 */
export class MtlsPopUnavailable extends MsalMiError {
  /** Status of the answer. */
  readonly statusCode: 503;
  /** Headers of the answer, with `Retry-After` when it is known when the keys are asked for again (RFC 9110 section 10.2.3). */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param message - What failed, in one sentence.
   * @param retryAfterSeconds - When it makes sense to try again.
   */
  constructor(message: string, retryAfterSeconds?: number) {
    super('key_set_unavailable', { stage: 'resource', httpStatus: 503, message });
    this.statusCode = 503;
    this.headers = {
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
    };
  }

  /** The whole answer for frameworks that return a `Response`, such as Hono. */
  getResponse(): Response {
    return toResponse(answerOf(this));
  }
}

/** Objects that are not a request and a response of Node.js: nothing can be verified, so nothing is let through. */
export class UnsupportedFramework extends MsalMiError {
  readonly statusCode = 500;
  readonly headers = { 'Cache-Control': 'no-store' };
  /** Koa shows the message then. It tells whoever builds the server what to change. */
  readonly expose = true;

  constructor(message: string) {
    super('invalid_configuration', { stage: 'resource', message });
  }

  getResponse(): Response {
    return toResponse(answerOf(this));
  }
}

/** An HTTP answer without a framework. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const FAILED: Answer = {
  status: 500,
  headers: { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' },
  body: JSON.stringify({ error: 'server_error' }),
};

/** The client is told what it can do something about; the rest is for the log. */
export function answerOf(error: unknown): Answer {
  if (error instanceof MtlsPopRefusal) return toAnswer(error, error.errorCode, error.errorMessage);
  if (error instanceof MtlsPopUnavailable) return toAnswer(error, 'temporarily_unavailable', 'Try again later.');
  if (error instanceof UnsupportedFramework) return toAnswer(error, 'server_error', error.errorMessage);
  return FAILED;
}

function toAnswer(
  { statusCode, headers }: { statusCode: number; headers: Readonly<Record<string, string>> },
  error: string,
  description: string,
): Answer {
  return {
    status: statusCode,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ error, error_description: description }),
  };
}

function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}
