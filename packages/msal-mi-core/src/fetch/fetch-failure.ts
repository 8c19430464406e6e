/**
 * Why `fetch` itself gave up on an exchange, as `cause.code` of its TypeError. Failures of the connection carry the
 * code of their TransportError instead.
 *
 * - `ERR_REDIRECT_CROSS_ORIGIN`: the server redirects to another origin. Nothing was sent there.
 * - `ERR_REDIRECT_LIMIT`: more than 20 redirects.
 * - `ERR_REDIRECT_REFUSED`: a redirect came with `redirect: 'error'`.
 * - `ERR_REDIRECT_LOCATION`: the redirect names no usable URL.
 * - `ERR_REDIRECT_BODY`: a stream cannot be sent a second time.
 * - `ERR_CONTENT_LENGTH_MISMATCH`: the body is not as long as its content-length header says.
 * - `ERR_RESPONSE_UNUSABLE`: the answer has a status or a header that a Response cannot hold.
 */
export type FetchFailureCode =
  | 'ERR_REDIRECT_CROSS_ORIGIN'
  | 'ERR_REDIRECT_LIMIT'
  | 'ERR_REDIRECT_REFUSED'
  | 'ERR_REDIRECT_LOCATION'
  | 'ERR_REDIRECT_BODY'
  | 'ERR_CONTENT_LENGTH_MISMATCH'
  | 'ERR_RESPONSE_UNUSABLE';

/** The `cause` of a TypeError that `fetch` rejects with on grounds of its own. */
export class FetchFailure extends Error {
  override readonly name = 'FetchFailure';
  constructor(
    readonly code: FetchFailureCode,
    message: string,
  ) {
    super(message);
  }
}

/** The error that the Fetch standard calls a network error. `cause.code` says why. */
export function networkError(cause: unknown): TypeError {
  return new TypeError('fetch failed', { cause });
}
