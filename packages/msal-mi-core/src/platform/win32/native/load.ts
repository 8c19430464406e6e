/** Loads the addon of this package: on first use, on Windows only. */
import { NativeModuleError } from '../../../errors.js';
import { fileExists, hostPlatform } from '../../../host-platform.js';
import { loadAddon, thisHost, type LoaderHost } from './addon-loader.js';
import type { NativeBindings } from './bindings.js';

let loaded: NativeBindings | undefined;

/** @throws NativeModuleError, see {@link loadFrom}. A failure is not remembered. */
export function loadBindings(): NativeBindings {
  loaded ??= loadFrom(thisHost(hostPlatform(), fileExists));
  return loaded;
}

/**
 * @throws NativeModuleError `platform_not_supported` off Windows, `native_module_missing`,
 *   `native_module_wrong_architecture` or `native_module_load_failed` on it.
 */
export function loadFrom(host: LoaderHost): NativeBindings {
  return loadAddon('msal-mi-core', host, (failure, { message, remedy, cause }) => {
    return new NativeModuleError(failure, {
      message,
      cause,
      ...(remedy !== undefined && { remediation: remedy }),
    });
  }) as NativeBindings;
}
