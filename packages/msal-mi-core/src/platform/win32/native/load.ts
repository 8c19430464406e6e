/** Finds and loads the addon: on first use, on Windows only, by absolute path inside of this package. */
import { existsSync } from 'node:fs';
import { loadAddonFile, prebuiltAddonPath } from '../../../../native.cjs';
import { NativeModuleError } from '../../../errors.js';
import type { NativeBindings } from './bindings.js';

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

let loaded: NativeBindings | undefined;

/** @throws NativeModuleError, see {@link loadFrom}. A failure is not remembered. */
export function loadBindings(): NativeBindings {
  loaded ??= loadFrom(THIS_HOST);
  return loaded;
}

/**
 * @throws NativeModuleError `platform_not_supported` off Windows, `native_module_missing`,
 *   `native_module_wrong_architecture` or `native_module_load_failed` on it.
 */
export function loadFrom({ platform, arch, exists, load }: LoaderHost): NativeBindings {
  if (platform !== 'win32') {
    throw new NativeModuleError('platform_not_supported', {
      message: `Isolated keys exist on Windows only, and this is ${platform}.`,
    });
  }
  if (!ARCHITECTURES.includes(arch)) {
    throw new NativeModuleError('native_module_wrong_architecture', {
      message: `There is no native module for the processor architecture ${arch}.`,
    });
  }
  const file = prebuiltAddonPath(platform, arch);
  if (!exists(file)) {
    throw new NativeModuleError('native_module_missing', { message: `The native module ${file} is not there.` });
  }
  try {
    return load(file) as NativeBindings;
  } catch (cause) {
    const isOtherArchitecture = cause instanceof Error && BAD_EXE_FORMAT.test(cause.message);
    throw new NativeModuleError(
      isOtherArchitecture ? 'native_module_wrong_architecture' : 'native_module_load_failed',
      { message: `The native module ${file} is there and Windows did not load it.`, cause },
    );
  }
}
