import type { MtlsBindingContext, MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../types.js';

/**
 * Name of the application's method that replaces a certificate which a resource refuses in the TLS handshake. Not part
 * of the public surface; a symbol of the registry, so that the ESM and CommonJS builds agree on it.
 */
export const REPLACE_BINDING: unique symbol = Symbol.for('msal-mi/replace-binding') as never;

/** An application that can replace a certificate (PROTOCOL D22, D23). */
export interface BindingReplacer {
  /**
   * A token under another certificate than that of `refused`: of the present binding when it is another one already,
   * else of a newly minted one.
   *
   * @param request - A request that `acquireToken` accepted.
   */
  [REPLACE_BINDING](request: MtlsPopRequestParams, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult>;
}
