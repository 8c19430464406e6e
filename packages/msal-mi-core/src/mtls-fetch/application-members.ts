/**
 * Members of an application that other entry points of this package use. Not part of the public surface; named by symbols
 * of the registry, so that the ESM and CommonJS builds agree on them.
 */
import type { Logger } from '../diagnostics/logger.js';
import type { ReplacementAllowance } from '../model.js';
import type { Clock } from '../ports.js';
import type { MtlsBindingContext, MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';

/** Name of the method that replaces a certificate which a resource refuses in the TLS handshake. */
export const REPLACE_BINDING: unique symbol = Symbol.for('msal-mi/replace-binding') as never;

/**
 * Name of the method that finds out which authorities (PEM) the application's connections trust: undefined for the
 * defaults of the process.
 */
export const TRUSTED_AUTHORITIES: unique symbol = Symbol.for('msal-mi/trusted-authorities') as never;

/** Name of the method that makes an application with one more client capability, and all else the same. */
export const WITH_CAPABILITY: unique symbol = Symbol.for('msal-mi/with-capability') as never;

/** Name of the method that is told when a server accepts the certificate which took the place of a refused one. */
export const REPLACEMENT_ACCEPTED: unique symbol = Symbol.for('msal-mi/replacement-accepted') as never;

/** Name of the member of a token request that says whether its certificate may still be replaced. */
export const REPLACEMENT: unique symbol = Symbol.for('msal-mi/replacement') as never;

/** Name of the method that lends a downstream call what the application works with. */
export const CALL_SURROUNDINGS: unique symbol = Symbol.for('msal-mi/call-surroundings') as never;

export interface CallSurroundings {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Tells of results for one request whether a call that makes it again would get the same token: from the cache, with
   * nothing to be renewed, and nobody to be told. Undefined where that takes more than a look at the cache.
   */
  readonly againServed?: (request: MtlsPopRequestParams) => (held: MtlsPopAuthenticationResult) => boolean;
}

/** What the token requests of one downstream call have in common. */
export interface CallMembers {
  readonly [REPLACEMENT]?: ReplacementAllowance;
}

/** What a client with a federated credential is asked for on behalf of a downstream call. */
export interface ClientRequest extends CallMembers {
  scopes: string[];
  mtlsProofOfPossession: true;
  claims?: string;
  signal?: AbortSignal;
}

/** Such a client that can replace a certificate, as an application does. */
export interface ClientBindingReplacer {
  [REPLACE_BINDING](request: ClientRequest, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult>;
}

/** An application that can replace a certificate (D22, D23). */
export interface BindingReplacer {
  /**
   * A token under another certificate than that of `refused`: of the present binding when it is another one already,
   * else of a newly minted one. What is bound to the refused certificate stays in use: it may be that the server refuses
   * every certificate, and others do not.
   *
   * @param request - A request that `acquireToken` accepted.
   */
  [REPLACE_BINDING](request: MtlsPopRequestParams, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult>;
  /** Nothing that is bound to the refused certificate is used any more. */
  [REPLACEMENT_ACCEPTED]?(refused: MtlsBindingContext, accepted: MtlsBindingContext): void;
}
