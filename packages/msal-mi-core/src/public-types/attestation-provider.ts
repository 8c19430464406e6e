/** The contract between this package and one that attests keys. */

/** Implemented by `msal-key-attestation`; an application can bring its own. */
export interface AttestationProvider {
  /** Version of this contract. */
  readonly contractVersion: 1;
  /** For log lines and the doctor. */
  readonly name: string;
  /** Version of the provider. */
  readonly version: string;
  /** Whether the native library can be loaded. Attests nothing. */
  probe(): Promise<{
    /** Whether an attestation can be tried. */
    libraryLoadable: boolean;
    /** Absolute path of the library, when it was found. */
    libraryPath?: string;
    /** A fact, such as what was looked for. */
    detail?: string;
    /** What to do about it, if anything. */
    remediation?: string;
  }>;
  /**
   * Proves to the attestation service at `endpoint` that `key` is isolated, and returns the service's JWT.
   *
   * @param request - Which key, to whom.
   */
  attest(request: {
    /** https URL of the attestation service, as IMDS named it. */
    endpoint: string;
    /** Client id of the identity. */
    clientId: string;
    /** Stable identifier of the key: part of the attestation token's cache key. */
    cacheKey: string;
    /** A named key. The provider opens it itself and owns its own handle: no raw handle crosses JavaScript. */
    key: {
      /** NCrypt storage provider. */
      providerName: string;
      /** Name within it. */
      keyName: string;
      /** Whose key it is. */
      scope: 'user' | 'machine';
    };
    /** True when the service refused what the last attestation led to: a kept token must not be used again. */
    forceRefresh?: boolean;
    /**
     * Receives what the native library logs while it attests for this request: one line without tokens, its level (0 error,
     * 1 warning, 2 information, 3 verbose), and whether it may hold personal data.
     */
    onLog?: (level: number, message: string, containsPii: boolean) => void;
    /** Rejects with its reason; the attestation may go on for other callers. */
    signal?: AbortSignal;
  }): Promise<{
    /** The evidence. Secret. */
    jwt: string;
    /** End of its validity. */
    expiresOn: Date;
  }>;
}
