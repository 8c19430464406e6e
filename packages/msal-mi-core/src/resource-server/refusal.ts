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

/** A request that must not be served. `errorCode` is `invalid_token`, `httpStatus` is 401. */
export class MtlsPopRefusal extends MsalMiError {
  readonly reason: MtlsPopRefusalReason;
  /** Value of `WWW-Authenticate` for the answer (RFC 6750 section 3, RFC 8705 section 3). */
  readonly wwwAuthenticate: string;

  constructor(reason: MtlsPopRefusalReason) {
    const description = DESCRIPTIONS[reason];
    super('invalid_token', { stage: 'resource', httpStatus: 401, message: `${description}.` });
    this.reason = reason;
    this.wwwAuthenticate = WITHOUT_ERROR_CODE.has(reason)
      ? 'mtls_pop'
      : `mtls_pop error="invalid_token", error_description="${description}"`;
  }
}
