import { invalidRequest, readable } from '../options/options.js';
import { noTransport } from './bearer-only-client.js';
import type { BoundHttpClient, MtlsManagedIdentityCredential } from './credential.js';
import { kindOfCredential } from './own-credentials.js';
import { ignoredOption } from './request-checks.js';

const REFUSED = ['tlsOptions', 'agent', 'proxyOptions'] as const;

/**
 * The options of a client, with the transport of the credential in place.
 *
 * @param credential - The one that the client gets too. What wraps or imitates one has no transport, and is refused.
 * @param options - Client options, which pass through.
 * @throws ManagedIdentityError `invalid_request` for another credential, and for one with `requestOverMtls`; MsiV2Error
 *   `invalid_configuration` for options that would be ignored: `agent`, `tlsOptions`, `proxyOptions`, another `httpClient`.
 *
 * @example
 * ```ts
 * import { SecretClient } from '@azure/keyvault-secrets';
 * import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';
 *
 * const credential = new MtlsManagedIdentityCredential();
 * const client = new SecretClient('https://contoso.vault.azure.net', credential, withMtlsPop(credential));
 * ```
 */
export function withMtlsPop<T extends object>(
  credential: MtlsManagedIdentityCredential,
  options?: T,
): T & {
  /** The transport of the credential. */
  httpClient: BoundHttpClient;
} {
  const kind = kindOfCredential(credential);
  if (kind === 'bearer') throw noTransport();
  if (kind === undefined) {
    throw invalidRequest(
      'withMtlsPop needs a MtlsManagedIdentityCredential itself: what wraps one, and every other credential, would have ' +
        'its tokens sent without a certificate.',
    );
  }
  if (typeof (options ?? {}) !== 'object') throw invalidRequest('The options of the client must be an object.');
  const given: Readonly<Record<string, unknown>> = readable(invalidRequest, () => ({ ...options }));
  for (const name of REFUSED) if (given[name] !== undefined && given[name] !== null) throw ignoredOption(name);
  if (given['allowedHosts'] !== undefined) throw invalidRequest('allowedHosts is an option of the credential.');
  const { httpClient } = given;
  if (httpClient !== undefined && httpClient !== credential.httpClient) throw ignoredOption('httpClient');
  return { ...(given as T), httpClient: credential.httpClient };
}
