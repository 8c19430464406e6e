/**
 * The public types. Field names follow `@azure/msal-node`, so that its configuration objects are accepted unchanged and
 * our results can be assigned to its `AuthenticationResult`.
 */
import type { X509Certificate } from 'node:crypto';

/** Where managed identity tokens come from on this host. Same names and values as msal-node's constant. */
export const ManagedIdentitySourceNames = {
  /** App Service and Functions; no bound tokens. */
  APP_SERVICE: 'AppService',
  /** A machine of Azure Arc; no bound tokens. */
  AZURE_ARC: 'AzureArc',
  /** Cloud Shell; no bound tokens. */
  CLOUD_SHELL: 'CloudShell',
  /** Nothing in the environment names a source, and nobody has asked IMDS yet. */
  DEFAULT_TO_IMDS: 'DefaultToImds',
  /** The metadata service of a VM answered. */
  IMDS: 'Imds',
  /** Azure Machine Learning; no bound tokens. */
  MACHINE_LEARNING: 'MachineLearning',
  /** Service Fabric; no bound tokens. */
  SERVICE_FABRIC: 'ServiceFabric',
  /** No source answered: this host has no managed identity. */
  NONE: 'None',
} as const;
/** One of the values of `ManagedIdentitySourceNames`. */
export type ManagedIdentitySourceNames = (typeof ManagedIdentitySourceNames)[keyof typeof ManagedIdentitySourceNames];

/**
 * How well the private key behind a token is protected. Ordered: compare with `<` and `>=`.
 * The numeric gap is reserved for TPM-backed keys.
 */
export const MtlsBindingStrength = {
  /** No key at all. */
  Bearer: 0,
  /** A key in process memory or in an ordinary key store. */
  Software: 1,
  /** A key isolated by virtualization-based security; it cannot be exported, not even by an administrator. */
  KeyGuard: 3,
} as const;
/** One of the values of `MtlsBindingStrength`. */
export type MtlsBindingStrength = (typeof MtlsBindingStrength)[keyof typeof MtlsBindingStrength];

/** The values of `tokenType`, which are also the schemes of the `Authorization` header. */
export const AuthenticationScheme = {
  /** Whoever holds the token can use it (RFC 6750). */
  BEARER: 'Bearer',
  /** The token works only over TLS connections made with the key of its certificate (RFC 8705). */
  MTLS_POP: 'mtls_pop',
} as const;

/** Names a user-assigned identity. At most one member may be set; none means the system-assigned identity. */
export type ManagedIdentityIdParams = {
  /** Client id of the identity, a GUID. */
  userAssignedClientId?: string;
  /** Its path in Azure: `/subscriptions/…/userAssignedIdentities/<name>`. */
  userAssignedResourceId?: string;
  /** Object id (principal id) of the identity, a GUID. */
  userAssignedObjectId?: string;
};

/** Structural copy of msal-node's type of the same name, so that an msal-node object can be passed without importing it. */
export interface NetworkResponse<T> {
  /** By name, in lower case. */
  headers: Record<string, string>;
  /** Text, or what it was parsed to. */
  body: T;
  /** Of HTTP, such as 200. */
  status: number;
}
/** Structural copy of msal-node's type of the same name. */
export interface NetworkRequestOptions {
  /** To be sent as they are. Default: none. */
  headers?: Record<string, string>;
  /** Default: none. */
  body?: string;
}
/** Structural copy of msal-node's type of the same name. */
export interface INetworkModule {
  /**
   * Sends a GET. A rejection counts as a lost connection.
   *
   * @param url - With its query.
   * @param options - Headers.
   * @param timeout - Milliseconds.
   */
  sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number): Promise<NetworkResponse<T>>;
  /**
   * Sends a POST. A rejection counts as a lost connection.
   *
   * @param url - With its query.
   * @param options - Headers and body.
   */
  sendPostRequestAsync<T>(url: string, options?: NetworkRequestOptions): Promise<NetworkResponse<T>>;
}
/** Structural copy of msal-node's type of the same name. Levels: 0 error, 1 warning, 2 info, 3 verbose, 4 trace. */
export interface LoggerOptions {
  /** Receives each line; `containsPii` marks those that name identities. Default: none. */
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
  /** How the application reaches services, and what it tells of it. */
  system?: {
    /** Where log lines go. Default: nowhere, unless `NODE_DEBUG` names `msal-mi`. */
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

/** A token and what is known about it. Field names and order follow msal-node's `AuthenticationResult`. */
export type AuthenticationResult = {
  /** Token service and tenant, as a URL. */
  authority: string;
  /** Empty: there is no user. */
  uniqueId: string;
  /** Tenant that issued the token. */
  tenantId: string;
  /** What the token is for: one resource. */
  scopes: Array<string>;
  /** There is no user. */
  account: null;
  /** Empty: there is no user. */
  idToken: string;
  /** Empty: there is no user. */
  idTokenClaims: object;
  /** The token. Secret: it is masked when the result is inspected or made JSON of. */
  accessToken: string;
  /** True when no request was made for it. */
  fromCache: boolean;
  /** When the token ends. Cached ones are handed out until 5 minutes before. */
  expiresOn: Date | null;
  /** How long the service would accept the token in an outage of its own, if it said so. Not used by the cache. */
  extExpiresOn?: Date;
  /** When the service wants the token renewed, if it said so. The cache does that by itself. */
  refreshOn?: Date;
  /** Scheme of the `Authorization` header: a value of {@link AuthenticationScheme}. */
  tokenType: string;
  /** Of the call that acquired the token: to be quoted to Azure support. */
  correlationId: string;
  /** Entra ID's own id of the token request, when it sent one. */
  requestId?: string;
  /** As it was asked for. */
  resource?: string;
};

/** A token that works only over TLS connections made with `binding`. Frozen; redacted when inspected. */
export type MtlsPopAuthenticationResult = AuthenticationResult & {
  /** Always this one. */
  readonly tokenType: 'mtls_pop';
  /** When the token ends. */
  readonly expiresOn: Date;
  /** Public material only. */
  readonly bindingCertificate: BindingCertificate;
  /** Live, immutable handle: the one key and certificate this token is bound to. */
  readonly binding: MtlsBindingContext;
};

/** The certificate a token is bound to (RFC 8705 section 3). */
export interface BindingCertificate {
  /** PEM, leaf first: same meaning as msal-node's `clientCertificate.x5c`. */
  readonly x5c: string;
  /** Lower-case hexadecimal SHA-256 of the leaf, as msal-node's `clientCertificate.thumbprintSha256`. */
  readonly thumbprintSha256: string;
  /** base64url SHA-256 of the leaf's DER; equals the token's `cnf["x5t#S256"]`. */
  readonly x5tS256: string;
  /** Beginning of its validity. */
  readonly notBefore: Date;
  /** End of its validity. Renewal begins at half of it. */
  readonly notAfter: Date;
  /** The leaf as Node.js has it. */
  toX509Certificate(): X509Certificate;
}

/** Options for `https.Agent`, `tls.connect` or undici's `Agent({ connect })`. Holds the private key. */
export interface TlsClientOptions {
  /** PEM, leaf first. */
  cert: string;
  /** PEM. Secret. */
  key: string;
  /** Key Vault asks for the certificate by renegotiation, which TLS 1.3 does not have. */
  minVersion: 'TLSv1.2';
  /** As `minVersion`. */
  maxVersion: 'TLSv1.2';
  /** As `minVersion`: HTTP/2 forbids renegotiation. */
  ALPNProtocols: ['http/1.1'];
}

/** One key and its certificate, ready to open TLS connections. */
export interface MtlsBindingContext {
  /** The public part. */
  readonly certificate: BindingCertificate;
  /** How well the key is protected. */
  readonly strength: MtlsBindingStrength;
  /** False for KeyGuard keys: `tlsOptions()` fails for them. */
  readonly exportable: boolean;
  /**
   * `fetch` over this certificate. Adds no `Authorization` header, follows redirects within the origin only, has no time limit
   * but `signal`.
   *
   * @param input - An https URL, or a request.
   * @param init - As for `fetch`; `dispatcher` is refused.
   * @throws TypeError as the platform's `fetch` (`cause.code` tells why), or the reason of `signal`.
   */
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
  /** Where tokens come from. */
  readonly source: ManagedIdentitySourceNames;
  /** Whether a request for a bound token can succeed here, with the floor that the host has. */
  readonly isMtlsPopSupportedByHost: boolean;
  /** The strongest key that this host can make. */
  readonly maxSupportedBindingStrength: MtlsBindingStrength;
  /** What `withAttestationSupport` needs. */
  readonly attestation: {
    /** Whether `msal-key-attestation` was found, or a provider was passed. */
    readonly packageInstalled: boolean;
    /** Whether `AttestationClientLib.dll` can be loaded. */
    readonly libraryLoadable: boolean;
    /** Version of the provider. */
    readonly version?: string;
  };
  /** Why no source was found, when none was. */
  readonly errorReason?: string;
}

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
