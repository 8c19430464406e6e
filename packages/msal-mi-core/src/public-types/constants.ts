/** The public constants: all of the public types that exist at run time. */

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
