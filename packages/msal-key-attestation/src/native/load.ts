/** Finds and loads the addon: on first use, on Windows only, by absolute path inside of this package. */
import { existsSync } from 'node:fs';
import { loadAddonFile, prebuiltAddonPath } from '../../native.cjs';
import { AttestationError } from '../errors.js';
import type { AttestationBindings } from './bindings.js';

/** Windows' sentence for ERROR_BAD_EXE_FORMAT, which is all that Node.js tells. */
const BAD_EXE_FORMAT = /not a valid Win32 application/i;
const ARCHITECTURES = ['x64', 'arm64'];

/** What the loader looks at. */
export interface LoaderHost {
  readonly platform: string;
  readonly arch: string;
  readonly exists: (file: string) => boolean;
  readonly load: (file: string) => unknown;
}

const THIS_HOST: LoaderHost = {
  platform: process.platform,
  arch: process.arch,
  exists: existsSync,
  load: loadAddonFile,
};

let loaded: AttestationBindings | undefined;

/** @throws AttestationError, see {@link loadFrom}. A failure is not remembered. */
export function loadBindings(): AttestationBindings {
  loaded ??= loadFrom(THIS_HOST);
  return loaded;
}

/**
 * @throws AttestationError `platform_not_supported` off Windows, `native_module_missing`,
 *   `native_module_wrong_architecture` or `native_module_load_failed` on it.
 */
export function loadFrom({ platform, arch, exists, load }: LoaderHost): AttestationBindings {
  if (platform !== 'win32') {
    throw new AttestationError('platform_not_supported', {
      message: `Keys can be attested on Windows only, and this is ${platform}.`,
      remediation: 'Run on an Azure VM with Windows, or drop withAttestationSupport.',
    });
  }
  if (!ARCHITECTURES.includes(arch)) throw wrongArchitecture(`There is no native module for ${arch}.`);
  const file = prebuiltAddonPath(platform, arch);
  if (!exists(file)) {
    throw new AttestationError('native_module_missing', {
      message: `The native module ${file} is not there.`,
      remediation: 'Reinstall msal-key-attestation; bundled applications must copy its prebuilds folder along.',
    });
  }
  try {
    return load(file) as AttestationBindings;
  } catch (cause) {
    if (cause instanceof Error && BAD_EXE_FORMAT.test(cause.message)) {
      throw wrongArchitecture(`The native module ${file} is for another processor.`, cause);
    }
    throw new AttestationError('native_module_load_failed', {
      message: `The native module ${file} is there and Windows did not load it.`,
      remediation: 'See the cause; antivirus and code integrity policies are frequent ones.',
      cause,
    });
  }
}

function wrongArchitecture(message: string, cause?: unknown): AttestationError {
  return new AttestationError('native_module_wrong_architecture', {
    message,
    remediation: 'Run Node.js for x64.',
    cause,
  });
}
