/** What earlier checks found: a later one is skipped when an earlier one shows that it cannot succeed. */
import type { PlatformMetadata } from '../../model.js';
import type { HttpResponse } from '../../ports.js';
import type { AttestationProvider, MtlsBindingStrength, MtlsPopAuthenticationResult } from '../../public-types.js';

export interface Seen {
  isNativeModuleLoaded?: boolean;
  /** Undefined when the host has no key of the wanted strength. */
  keyStrength?: MtlsBindingStrength;
  attestation?: { readonly provider: AttestationProvider; isLibraryUsable: boolean };
  /** IMDS's description of the VM. */
  compute?: HttpResponse;
  metadata?: PlatformMetadata;
  token?: MtlsPopAuthenticationResult;
}
