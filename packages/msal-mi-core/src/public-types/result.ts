/** What a token request yields: the token, and the certificate it is bound to. */
import type { X509Certificate } from 'node:crypto';
import type { MtlsBindingStrength } from './constants.js';

/** A token and what is known about it. Field names and order follow msal-node's `AuthenticationResult`. */
export type AuthenticationResult = {
  /** Token service and tenant, as a URL. */
  authority: string;
  /** Empty: a managed identity is not a user. */
  uniqueId: string;
  /** Tenant that issued the token. */
  tenantId: string;
  /** What the token is for: one resource. */
  scopes: Array<string>;
  /** Null: a managed identity is not a user. */
  account: null;
  /** Empty: a managed identity is not a user. */
  idToken: string;
  /** Empty: a managed identity is not a user. */
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
