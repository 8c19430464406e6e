/** One immutable type per arrow of the flow: request -> source -> binding -> token -> cache -> result. */
import type { SigningKey } from './ports.js';
import type { BindingCertificate, MtlsBindingStrength } from './public-types.js';

/** Query parameter that selects an identity at IMDS v2, and its value (D7). */
export type IdentitySelector = 'client_id' | 'object_id' | 'mi_res_id';

/** Which identity of the host is meant. `id` is empty for the system-assigned one. */
export type ManagedIdentity =
  { readonly kind: 'system'; readonly id: '' } | { readonly kind: IdentitySelector; readonly id: string };

/** Environment variables that decide where tokens come from (D4). Empty means unset. */
export interface HostEnvironment {
  readonly identityEndpoint: string | undefined;
  readonly identityHeader: string | undefined;
  readonly identityServerThumbprint: string | undefined;
  readonly msiEndpoint: string | undefined;
  readonly msiSecret: string | undefined;
  readonly imdsEndpoint: string | undefined;
  readonly programFiles: string | undefined;
  readonly regionName: string | undefined;
  readonly forcedRegion: string | undefined;
}

export type TokenType = 'mtls_pop' | 'Bearer';

/** What every validated request for a token says, whoever asks. */
export interface TokenDemand {
  readonly tokenType: TokenType;
  readonly resource: string;
  /** `resource` followed by `/.default`. */
  readonly scope: string;
  /** Server-issued claims: bypass the token cache. */
  readonly claims: string | undefined;
  readonly claimsFromClient: string | undefined;
  /** True bypasses the token cache, and keeps the certificate. */
  readonly forceRefresh: boolean;
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
  /** Absent: this request may have one certificate replaced. */
  readonly replacement?: ReplacementAllowance | undefined;
}

/** A validated request of a managed identity. */
export interface TokenRequest extends TokenDemand {
  readonly attested: boolean;
  readonly minStrength: MtlsBindingStrength;
  /** `minStrength` as the caller named it; undefined for the default. */
  readonly namedStrength?: MtlsBindingStrength | undefined;
}

/** Shared by the token requests of one call: in all of them together a certificate is replaced once (D22). */
export interface ReplacementAllowance {
  isUsed: boolean;
}

/** What IMDS says about this compute unit and identity (D8). */
export interface PlatformMetadata {
  readonly clientId: string;
  readonly tenantId: string;
  /** Goes into the CSR as compact JSON. */
  readonly cuId: string | Readonly<Record<string, string>>;
  readonly attestationEndpoint: string | undefined;
}

/** Whether the key was attested. Leaving the evidence out is a decision, not an empty string. */
export type Evidence = { readonly kind: 'attested'; readonly jwt: string } | { readonly kind: 'not-requested' };

/** What IMDS issued (D16). */
export interface IssuedCredential {
  readonly clientId: string;
  readonly tenantId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /** Base of the token endpoint: https origin and path, without tenant and without trailing slash. */
  readonly endpoint: string;
}

/**
 * One key, its certificate and where its tokens come from. The cache key, the TLS handshake, the result and the
 * downstream call take the same object, so they cannot diverge.
 */
export interface Binding {
  readonly key: SigningKey;
  readonly certificate: BindingCertificate;
  /** DER of the leaf. */
  readonly certificateDer: Uint8Array;
  readonly clientId: string;
  readonly tenantId: string;
  readonly endpoint: string;
  /** Who issues its tokens, as results name it: `endpoint` and tenant, with trailing slash. */
  readonly authority: string;
  readonly attested: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The end of its usable life: no token is issued for it afterwards (D17). */
  readonly usableUntilMs: number;
  /** What the wall clock had been set back by, in all, when it was received (D35). */
  readonly setBackMs: number;
}

/** A token that passed every check (D21). Times in milliseconds since the epoch. */
export interface AccessToken {
  readonly secret: string;
  readonly tokenType: string;
  readonly expiresAtMs: number;
  readonly extExpiresAtMs: number | undefined;
  /** When the service wants the token refreshed; undefined when it named no time. */
  readonly refreshOnMs: number | undefined;
  /** `refreshOnMs` with jitter, so that many processes do not refresh at once. */
  readonly refreshAfterMs: number | undefined;
  readonly requestId: string | undefined;
}
