import { createMtlsFetch, type MtlsFetchOptions } from 'core/mtls-fetch/mtls-fetch.js';
import type { ManagedIdentityApplication } from 'core/index.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';

/** createMtlsFetch for a resource that is called with a software key. */
export function boundFetch(app: ManagedIdentityApplication, resource: string, options: Partial<MtlsFetchOptions> = {}) {
  return createMtlsFetch(app, { resource, minStrength: MtlsBindingStrength.Software, ...options });
}
