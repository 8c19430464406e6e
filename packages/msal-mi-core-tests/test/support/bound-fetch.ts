import { createMtlsFetch, type MtlsFetchOptions } from '../../../msal-mi-core/src/downstream/mtls-fetch.js';
import type { ManagedIdentityApplication } from '../../../msal-mi-core/src/index.js';
import { MtlsBindingStrength } from '../../../msal-mi-core/src/types.js';

/** createMtlsFetch for a resource that is called with a software key. */
export function boundFetch(app: ManagedIdentityApplication, resource: string, options: Partial<MtlsFetchOptions> = {}) {
  return createMtlsFetch(app, { resource, minStrength: MtlsBindingStrength.Software, ...options });
}
