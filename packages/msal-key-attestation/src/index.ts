/**
 * Attestation of KeyGuard keys for msal-mi-core. Installing this package is enough: msal-mi-core finds it. Importing it
 * loads no native code; that happens with the first attestation, on Windows only.
 *
 * @packageDocumentation
 */
import { dirname } from 'node:path';
import type { AttestationProvider } from 'msal-mi-core';
import { packageFolder } from './native/addon-loader.js';
import { findLibrary, libraryPathOfEnvironment } from './native/library-path.js';
import { loadBindings } from './native/load.js';
import { processState, runExclusive } from './process-state.js';
import { composeProvider, type AttestationProviderOptions } from './provider.js';

export { AttestationError, type AttestationErrorCode, type AttestationErrorDetails } from './errors.js';
export type { AttestationProviderOptions } from './provider.js';
export type { Clock } from './token-cache.js';

/**
 * Makes a provider of its own, to be passed as `attestationProvider` to msal-mi-core. It keeps its own tokens.
 *
 * @param options - All optional. Unknown members are ignored.
 * @throws AttestationError `invalid_configuration`.
 *
 * @example
 * ```ts
 * import { createAttestationProvider } from 'msal-key-attestation';
 * import { ManagedIdentityApplication } from 'msal-mi-core';
 *
 * const attestationProvider = createAttestationProvider({ requireSignedLibrary: 'Microsoft Corporation' });
 * const app = new ManagedIdentityApplication({ attestationProvider });
 * ```
 */
export function createAttestationProvider(options: AttestationProviderOptions = {}): AttestationProvider {
  return composeProvider(options, {
    loadBindings,
    runExclusive,
    findLibrary: (explicitPath) =>
      findLibrary({
        explicitPath,
        variablePath: libraryPathOfEnvironment(),
        packageFolder: packageFolder(),
        executableFolder: dirname(process.execPath),
      }),
  });
}

/** The provider that msal-mi-core finds: one per process, with default options. */
export const attestationProvider: AttestationProvider = (processState().provider ??= createAttestationProvider());
export default attestationProvider;
