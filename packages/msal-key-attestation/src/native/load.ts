/** Loads the addon of this package: on first use, on Windows only. */
import { AttestationError } from '../errors.js';
import { loadAddon, thisHost, type AddonFailure, type LoaderHost } from './addon-loader.js';
import type { AttestationBindings } from './bindings.js';
import { fileExists, hostPlatform } from './host-platform.js';

const REMEDIES: Readonly<Record<AddonFailure, string>> = {
  platform_not_supported: 'Run on an Azure VM with Windows, or drop withAttestationSupport.',
  native_module_missing:
    'Reinstall msal-key-attestation; a bundle needs a copy of its prebuilds folder, or Next.js serverExternalPackages.',
  native_module_wrong_architecture: 'Run Node.js for x64.',
  native_module_load_failed: 'See the cause; antivirus and code integrity policies are frequent ones.',
};

let loaded: AttestationBindings | undefined;

/** @throws AttestationError, see {@link loadFrom}. A failure is not remembered. */
export function loadBindings(): AttestationBindings {
  loaded ??= loadFrom(thisHost(hostPlatform(), fileExists));
  return loaded;
}

/**
 * @throws AttestationError `platform_not_supported` off Windows, `native_module_missing`,
 *   `native_module_wrong_architecture` or `native_module_load_failed` on it.
 */
export function loadFrom(host: LoaderHost): AttestationBindings {
  return loadAddon('msal-key-attestation', host, (failure, { message, remedy, cause }) => {
    return new AttestationError(failure, { message, remediation: remedy ?? REMEDIES[failure], cause });
  }) as AttestationBindings;
}
