/** The public types: the configuration of Identity Web's DownstreamApi, as JSON has it. */

/** A configuration such as appsettings.json. Names match in any case; members not named here are ignored. */
export interface DownstreamApiConfiguration {
  /** The application, when one is called for: not needed for calls as the managed identity itself. */
  AzureAd?: {
    /** Default: `https://login.microsoftonline.com/`. */
    Instance?: string;
    /** Tenant of the application: id or domain. Required for calls as the application. */
    TenantId?: string;
    /** Client id of the application. Required for calls as the application. */
    ClientId?: string;
    /** Capabilities such as `"cp1"`. Default: none. */
    ClientCapabilities?: string[];
    /** Region of the token service, or `TryAutoDetect`. Default: the global service. */
    AzureRegion?: string;
    /** The first one whose source is a managed identity is used. */
    ClientCredentials?: Array<{
      /** The one kind that is used; others are skipped. */
      SourceType: 'SignedAssertionFromManagedIdentity';
      /** Default: the system-assigned identity. */
      ManagedIdentityClientId?: string;
      /** Audience of the assertion. Default: `api://AzureADTokenExchange`. */
      TokenExchangeUrl?: string;
      /** True acquires bearer tokens too with a bound assertion. Default: false. */
      UseBoundCredential?: boolean;
    }>;
  };
  /** One {@link DownstreamApiOptions} per API. */
  [apiName: string]: unknown;
}

/** How one API is called. */
export interface DownstreamApiOptions {
  /** `https` URL that `RelativePath` is appended to. */
  BaseUrl: string;
  /** Path and query. Default: none. */
  RelativePath?: string;
  /** Default: `GET`. */
  HttpMethod?: string;
  /** One application ID URI followed by `/.default`. */
  Scopes: string[];
  /** False is refused with a bound scheme unless a managed identity is named: only applications get bound tokens. */
  RequestAppToken?: boolean;
  /**
   * `MTLS_POP` (any case) binds the token to a certificate. `MTLS_BEARER` acquires a bearer token with the certificate, for
   * APIs that take no bound tokens. Absent or `Bearer` sends a bearer token that no certificate was needed for.
   */
  ProtocolScheme?: string;
  /** For the token of each call. */
  AcquireTokenOptions?: {
    /** Present: the call is made as the managed identity. Without `UserAssignedClientId` as the system-assigned one. */
    ManagedIdentity?: {
      /** Client id of a user-assigned identity. */
      UserAssignedClientId?: string;
    };
    /** Claims challenge (JSON object) that the token has to answer. */
    Claims?: string;
    /** True asks for a new token although a cached one is valid. Default: false. */
    ForceRefresh?: boolean;
    /** Default: a random UUID per token. */
    CorrelationId?: string;
  };
  /** Default: true for `MTLS_POP` and `MTLS_BEARER`, as Identity Web does, but false with `MinStrength: "Software"`. */
  WithAttestationSupport?: boolean;
  /** Weakest key that is accepted for `MTLS_POP` and `MTLS_BEARER`. Default: `KeyGuard`. */
  MinStrength?: 'Software' | 'KeyGuard';
  /** Sent with every request. */
  ExtraHeaderParameters?: Record<string, string>;
  /** Appended to the query. */
  ExtraQueryParameters?: Record<string, string>;
  /** Value of `accept`. Default: none. */
  AcceptHeader?: string;
  /** Value of `content-type` for requests with a body. Default: what the body says. */
  ContentType?: string;
}

/** Calls APIs as their configuration says. */
export interface DownstreamApi {
  /**
   * Calls an API as the application or the managed identity, and answers a claims challenge once.
   *
   * @param apiName - Name of the section; a nested one as `Outer:Inner`. Any case.
   * @param overrides - Take precedence over the section, for this call.
   * @returns The answer, whatever its status.
   * @throws MsalMiError `app_token_required`, `bound_credential_missing`, `client_credential_missing`, `invalid_scope`,
   *   `invalid_configuration` before any I/O; the codes of `acquireToken`; and TypeError `fetch failed` when no answer
   *   arrived.
   */
  callApiForApp(
    apiName: string,
    overrides?: Partial<DownstreamApiOptions> & {
      /** As for `fetch`. */
      body?: NonNullable<RequestInit['body']>;
      /** Of this call, besides `ExtraHeaderParameters`. */
      headers?: Record<string, string>;
      /** Rejects the call at once with its reason. */
      signal?: AbortSignal;
    },
  ): Promise<Response>;
  /**
   * The value of the `Authorization` header for an API. A bound one works only over the certificate of its token.
   *
   * @param apiName - As for `callApiForApp`.
   * @param overrides - As for `callApiForApp`.
   * @throws As `callApiForApp`, but for answers of the API.
   */
  createAuthorizationHeaderForApp(apiName: string, overrides?: Partial<DownstreamApiOptions>): Promise<string>;
}
