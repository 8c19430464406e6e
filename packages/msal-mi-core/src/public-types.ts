/**
 * The public types. Field names follow `@azure/msal-node`, so that its configuration objects are accepted unchanged and
 * our results can be assigned to its `AuthenticationResult`.
 */
import type { X509Certificate } from 'node:crypto';

/** Where managed identity tokens come from on this host. Same names and values as msal-node's constant. */
export const ManagedIdentitySourceNames = {
  APP_SERVICE: 'AppService',
  AZURE_ARC: 'AzureArc',
  CLOUD_SHELL: 'CloudShell',
  DEFAULT_TO_IMDS: 'DefaultToImds',
  IMDS: 'Imds',
  MACHINE_LEARNING: 'MachineLearning',
  SERVICE_FABRIC: 'ServiceFabric',
  NONE: 'None',
} as const;
export type ManagedIdentitySourceNames = (typeof ManagedIdentitySourceNames)[keyof typeof ManagedIdentitySourceNames];

/**
 * How well the private key behind a token is protected. Ordered: compare with `<` and `>=`.
 * The numeric gap is reserved for TPM-backed keys.
 *
 * - `Bearer`: no key at all.
 * - `Software`: a key in process memory or in an ordinary key store.
 * - `KeyGuard`: a key isolated by virtualization-based security; it cannot be exported, not even by an administrator.
 */
export const MtlsBindingStrength = { Bearer: 0, Software: 1, KeyGuard: 3 } as const;
export type MtlsBindingStrength = (typeof MtlsBindingStrength)[keyof typeof MtlsBindingStrength];

/** The values of `tokenType`, which are also the schemes of the `Authorization` header. */
export const AuthenticationScheme = { BEARER: 'Bearer', MTLS_POP: 'mtls_pop' } as const;

/** Names a user-assigned identity. At most one member may be set; none means the system-assigned identity. */
export type ManagedIdentityIdParams = {
  userAssignedClientId?: string;
  userAssignedResourceId?: string;
  userAssignedObjectId?: string;
};

/** Structural copy of msal-node's type of the same name, so that an msal-node object can be passed without importing it. */
export interface NetworkResponse<T> {
  headers: Record<string, string>;
  body: T;
  status: number;
}
/** Structural copy of msal-node's type of the same name. */
export interface NetworkRequestOptions {
  headers?: Record<string, string>;
  body?: string;
}
/** Structural copy of msal-node's type of the same name. */
export interface INetworkModule {
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>>;
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}
/** Structural copy of msal-node's type of the same name. Levels: 0 error, 1 warning, 2 info, 3 verbose, 4 trace. */
export interface LoggerOptions {
  loggerCallback?: (level: number, message: string, containsPii: boolean) => void;
  /** Lets messages through that name identities. Tokens, keys and certificates are never logged. Default: false. */
  piiLoggingEnabled?: boolean;
  /** The most detailed level that is delivered. Default: 2 (info). */
  logLevel?: number;
}

/** Configuration of {@link ManagedIdentityApplication}. Unknown members are ignored, as msal-node does. */
export type ManagedIdentityConfiguration = {
  /** Default: the system-assigned identity. */
  managedIdentityIdParams?: ManagedIdentityIdParams;
  /** Capabilities such as `"cp1"`, sent as `xms_cc` in the claims parameter. Default: none. */
  clientCapabilities?: Array<string>;
  system?: {
    loggerOptions?: LoggerOptions;
    /** Serves the IMDS legs only. The mTLS leg is never delegated: a generic client cannot hold the key. */
    networkClient?: INetworkModule;
    /** True makes exactly one attempt on every leg. Default: false. */
    disableInternalRetries?: boolean;
    /** Deadline of one `acquireToken` call in milliseconds, retries included. Default: none. */
    timeout?: number;
    /**
     * Further certificate authorities (PEM) for the software transport: the emulator, a private cloud. Added to the
     * default roots, never instead of verification. WinHTTP trusts the Windows certificate stores only.
     */
    ca?: string | string[];
  };
  /** Attestation provider to use instead of the discovered one. Needed in bundled applications. */
  attestationProvider?: AttestationProvider;
};

/** Parameters of every token request. */
export type ManagedIdentityRequestParams = {
  /** Application ID URI of the API to call, with or without `/.default`, e.g. `https://vault.azure.net`. */
  resource: string;
  /** Claims challenge of a server (JSON object): the cached token is not used. */
  claims?: string;
  /** Claims of the client's own (JSON object): part of the cache key. For bound tokens only. */
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
  mtlsProofOfPossession: true;
  /** True proves to the service that the key sits in KeyGuard; needs the package `msal-key-attestation`. Default: false. */
  withAttestationSupport?: boolean;
  /**
   * Floor, never a selector: the strongest key of the host is always used, and below the floor the request fails with
   * `min_strength_not_met`. Default: `KeyGuard`. Pass `Software` to accept a software key (emulator, Linux, no VBS).
   */
  minStrength?: MtlsBindingStrength;
};

/** A token and what is known about it. Field names and order follow msal-node's `AuthenticationResult`. */
export type AuthenticationResult = {
  authority: string;
  uniqueId: string;
  tenantId: string;
  scopes: Array<string>;
  account: null;
  idToken: string;
  idTokenClaims: object;
  accessToken: string;
  fromCache: boolean;
  expiresOn: Date | null;
  extExpiresOn?: Date;
  refreshOn?: Date;
  tokenType: string;
  correlationId: string;
  requestId?: string;
  resource?: string;
};

/** A token that works only over TLS connections made with `binding`. Frozen; redacted when inspected. */
export type MtlsPopAuthenticationResult = AuthenticationResult & {
  readonly tokenType: 'mtls_pop';
  readonly expiresOn: Date;
  /** Public material only. */
  readonly bindingCertificate: BindingCertificate;
  /** Live, immutable handle: the one key and certificate this token is bound to. */
  readonly binding: MtlsBindingContext;
};

/**
 * The value of the `Authorization` header for a result: its scheme and its token.
 *
 * @param result - What `acquireToken` returned.
 * @returns `mtls_pop <token>` for bound tokens, `Bearer <token>` otherwise.
 */
export function createAuthorizationHeader(result: AuthenticationResult): string {
  return `${result.tokenType} ${result.accessToken}`;
}

/** The certificate a token is bound to (RFC 8705 section 3). */
export interface BindingCertificate {
  /** PEM, leaf first: same meaning as msal-node's `clientCertificate.x5c`. */
  readonly x5c: string;
  /** Lower-case hexadecimal SHA-256 of the leaf, as msal-node's `clientCertificate.thumbprintSha256`. */
  readonly thumbprintSha256: string;
  /** base64url SHA-256 of the leaf's DER; equals the token's `cnf["x5t#S256"]`. */
  readonly x5tS256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  toX509Certificate(): X509Certificate;
}

/** Options for `https.Agent`, `tls.connect` or undici's `Agent({ connect })`. Holds the private key. */
export interface TlsClientOptions {
  cert: string;
  key: string;
  minVersion: 'TLSv1.2';
  maxVersion: 'TLSv1.2';
  ALPNProtocols: ['http/1.1'];
}

/** One key and its certificate, ready to open TLS connections. */
export interface MtlsBindingContext {
  readonly certificate: BindingCertificate;
  readonly strength: MtlsBindingStrength;
  /** False for KeyGuard keys: `tlsOptions()` fails for them. */
  readonly exportable: boolean;
  /** `fetch` over this certificate. Adds no `Authorization` header. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * Certificate and key for Node's own TLS clients.
   *
   * @throws MsiV2Error `key_not_exportable` for KeyGuard keys.
   */
  tlsOptions(): TlsClientOptions;
}

/** What this host can do. Asking creates no key and contacts no token service. */
export interface ManagedIdentityCapabilities {
  readonly source: ManagedIdentitySourceNames;
  readonly isMtlsPopSupportedByHost: boolean;
  readonly maxSupportedBindingStrength: MtlsBindingStrength;
  readonly attestation: {
    readonly packageInstalled: boolean;
    readonly libraryLoadable: boolean;
    readonly version?: string;
  };
  /** Why no source was found, when none was. */
  readonly errorReason?: string;
}

/** Implemented by `msal-key-attestation`; an application can bring its own. */
export interface AttestationProvider {
  readonly contractVersion: 1;
  readonly name: string;
  readonly version: string;
  /** Whether the native library can be loaded. Attests nothing. `detail` is a fact, `remediation` what to do about it, if anything. */
  probe(): Promise<{ libraryLoadable: boolean; libraryPath?: string; detail?: string; remediation?: string }>;
  /** Proves to the attestation service at `endpoint` that `key` is isolated, and returns the service's JWT. */
  attest(request: {
    endpoint: string;
    clientId: string;
    /** Stable identifier of the key: part of the attestation token's cache key. */
    cacheKey: string;
    /** A named key. The provider opens it itself and owns its own handle: no raw handle crosses JavaScript. */
    key: { providerName: string; keyName: string; scope: 'user' | 'machine' };
    /** True when the service refused what the last attestation led to: a kept token must not be used again. */
    forceRefresh?: boolean;
    /**
     * Receives what the native library logs while it attests for this request: one line without tokens, its level (0 error,
     * 1 warning, 2 information, 3 verbose), and whether it may hold personal data.
     */
    onLog?: (level: number, message: string, containsPii: boolean) => void;
    signal?: AbortSignal;
  }): Promise<{ jwt: string; expiresOn: Date }>;
}
