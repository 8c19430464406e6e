/** What a host says of itself. */
import type { ManagedIdentitySourceNames, MtlsBindingStrength } from './constants.js';

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
