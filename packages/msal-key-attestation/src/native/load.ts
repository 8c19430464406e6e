import { existsSync } from 'node:fs';
import { loadAddonFile, prebuiltAddonPath } from '../../native.cjs';
import { AttestationError } from '../errors.js';
import type { AttestationBindings } from './bindings.js';

const ERROR_BAD_EXE_FORMAT = /not a valid Win32 application/i;

let loaded: AttestationBindings | undefined;

/**
 * The addon, loaded on first use from an absolute path inside of this package.
 *
 * @throws AttestationError `platform_not_supported` off Windows; `native_module_missing`,
 *   `native_module_wrong_architecture` or `native_module_load_failed` on it.
 */
export function loadBindings(): AttestationBindings {
  loaded ??= load(process.platform, process.arch);
  return loaded;
}

function load(platform: string, arch: string): AttestationBindings {
  if (platform !== 'win32') throw platformNotSupported();
  const file = prebuiltAddonPath(platform, arch);
  if (!existsSync(file)) {
    const isOfferedFor = arch === 'x64' || arch === 'arm64';
    throw isOfferedFor
      ? new AttestationError('native_module_missing', {
          message: `The native module ${file} is not there.`,
          remediation: 'Reinstall msal-key-attestation; bundled applications must copy its prebuilds folder along.',
        })
      : new AttestationError('native_module_wrong_architecture', {
          message: `There is no native module for the processor architecture ${arch}.`,
          remediation: 'Run Node.js for x64.',
        });
  }
  try {
    return loadAddonFile(file) as AttestationBindings;
  } catch (cause) {
    const isOtherArchitecture = cause instanceof Error && ERROR_BAD_EXE_FORMAT.test(cause.message);
    throw new AttestationError(isOtherArchitecture ? 'native_module_wrong_architecture' : 'native_module_load_failed', {
      message: `The native module ${file} is there and could not be loaded.`,
      remediation: 'See the cause; antivirus and code integrity policies are frequent ones.',
      cause,
    });
  }
}

/** The error of every use off Windows. */
export function platformNotSupported(): AttestationError {
  return new AttestationError('platform_not_supported', {
    message: 'Keys can be attested on Windows only.',
    remediation: 'Run on an Azure VM with Windows, or drop withAttestationSupport.',
  });
}
