/** What a token request says. */
import type { MtlsBindingStrength } from './constants.js';

/** Parameters of every token request. */
export type ManagedIdentityRequestParams = {
  /** Application ID URI of the API to call, with or without `/.default`, e.g. `https://vault.azure.net`. */
  resource: string;
  /** Claims challenge of a server (JSON object): the cached token is not used. */
  claims?: string;
  /** Claims of the client's own (JSON object): part of the cache key. Not for plain bearer tokens. */
  claimsFromClient?: string;
  /** True asks for a new token although a cached one is valid. The certificate is kept. Default: false. */
  forceRefresh?: boolean;
  /** Sent to every service of the flow and found in results and errors. Default: a random UUID. */
  correlationId?: string;
  /** Rejects the call at once with the signal's reason. */
  signal?: AbortSignal;
};

/** Parameters of a request for a certificate-bound token. */
export type MtlsPopRequestParams = ManagedIdentityRequestParams & {
  /** The flag: a bound token or an error, never a bearer token. */
  mtlsProofOfPossession: true;
  /** Another kind of token: see {@link MtlsBearerRequestParams}. */
  requestOverMtls?: false;
  /** True proves to the service that the key sits in KeyGuard; needs the package `msal-key-attestation`. Default: false. */
  withAttestationSupport?: boolean;
  /**
   * Floor, never a selector: the strongest key of the host is always used, and below the floor the request fails with
   * `min_strength_not_met`. Default: `KeyGuard`. Pass `Software` to accept a software key (emulator, Linux, no VBS).
   */
  minStrength?: MtlsBindingStrength;
};

/**
 * Parameters of a request for a bearer token that is acquired with the certificate, for resources that take no bound tokens.
 * Whoever has such a token can use it.
 */
export type MtlsBearerRequestParams = ManagedIdentityRequestParams & {
  /** The flag: a bearer token by way of the certificate or an error, never a token that was acquired without it. */
  requestOverMtls: true;
  /** The two exclude one another. */
  mtlsProofOfPossession?: false;
  /** As for {@link MtlsPopRequestParams}. Default: false. */
  withAttestationSupport?: boolean;
  /** As for {@link MtlsPopRequestParams}. Default: `KeyGuard`. */
  minStrength?: MtlsBindingStrength;
};
