/**
 * Certificate-bound tokens for the Azure SDK. Needs the packages `@azure/core-auth` and `@azure/core-rest-pipeline`,
 * which every Azure SDK client brings along.
 */
export { MtlsManagedIdentityCredential } from './credential.js';
export type { BoundHttpClient } from './credential.js';
export type { MtlsManagedIdentityCredentialOptions } from './credential-options.js';
export { withMtlsPop } from './with-mtls-pop.js';
