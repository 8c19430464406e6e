/** Certificate-bound access tokens for Azure managed identities. */
export { ManagedIdentityApplication } from './client.js';
export { createMtlsFetch } from './mtls-fetch/mtls-fetch.js';
export type { MtlsFetchOptions } from './mtls-fetch/mtls-fetch.js';
export {
  AttestationError,
  ManagedIdentityError,
  MsalMiError,
  MsiV2Error,
  NativeModuleError,
  isMsalMiError,
} from './errors.js';
export type { ErrorStage } from './errors.js';
export type { ErrorCode } from './error-codes.js';
export { BoundConfidentialClient } from './fic/bound-confidential-client.js';
export type { BoundConfidentialClientConfiguration } from './fic/bound-confidential-client.js';
export type {
  BoundClientAssertion,
  BoundClientAssertionCallback,
  BoundClientAssertionContext,
} from './fic/client-assertion.js';
export type { ClientCredentialParams } from './fic/client-credential-request.js';
export { createManagedIdentityAssertion } from './fic/managed-identity-assertion.js';
export type { ManagedIdentityAssertionOptions } from './fic/managed-identity-assertion.js';
export type { AttestationProvider } from './public-types.js';
export { createAuthorizationHeader } from './result.js';
export { AuthenticationScheme, ManagedIdentitySourceNames, MtlsBindingStrength } from './public-types/constants.js';
export type {
  AuthenticationResult,
  BindingCertificate,
  INetworkModule,
  LoggerOptions,
  ManagedIdentityCapabilities,
  ManagedIdentityConfiguration,
  ManagedIdentityIdParams,
  ManagedIdentityRequestParams,
  MtlsBearerRequestParams,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
  NetworkRequestOptions,
  NetworkResponse,
  TlsClientOptions,
} from './public-types.js';
