/**
 * Finds and loads an addon: on Windows only, by a fully qualified path. One source for both packages that have one:
 * scripts/share-loader.mjs copies it.
 */
import { isAbsolute, join, parse, sep } from 'node:path';
import { nodeGypBuild, ownFolder, prebuiltAddon } from '#native';

export type AddonFailure =
  'platform_not_supported' | 'native_module_missing' | 'native_module_wrong_architecture' | 'native_module_load_failed';

/** What the loader looks at. */
export interface LoaderHost {
  readonly platform: string;
  readonly arch: string;
  readonly exists: (file: string) => boolean;
  readonly load: (file: string) => unknown;
  /** Whether this process may not load addons, or may not read `file`; the reason as a sentence. */
  readonly forbids: (file: string) => string | undefined;
  /** Undefined: the folder of this package, or of the bundle it went into. */
  readonly folder?: string | undefined;
}

/** Makes the error that the caller throws. `remedy` is set where it is not the usual one. */
export type ToError = (
  failure: AddonFailure,
  details: { readonly message: string; readonly remedy?: string; readonly cause?: unknown },
) => Error;

/** Windows' sentence for ERROR_BAD_EXE_FORMAT, which is all that Node.js tells. */
const BAD_EXE_FORMAT = /not a valid Win32 application/i;
const ARCHITECTURES = ['x64', 'arm64'];

/** What Node.js says where addons are switched off, by whichever flag. */
const ADDONS_ARE_OFF = 'ERR_DLOPEN_DISABLED';
const FLAGS =
  'Start Node.js without --no-addons, and with --allow-addons and --allow-fs-read for it if --permission is on.';

/** This process, as host-platform.ts sees it. */
export function thisHost(platform: string, exists: LoaderHost['exists']): LoaderHost {
  return { platform, arch: process.arch, exists, load: dlopen, forbids };
}

/**
 * The addon `name`.
 *
 * @throws What `toError` makes of a failure. A failure is not remembered.
 */
export function loadAddon(name: string, host: LoaderHost, toError: ToError): unknown {
  const { platform, arch, exists, load } = host;
  if (platform !== 'win32') {
    throw toError('platform_not_supported', {
      message: `Isolated keys exist on Windows only, and this is ${platform}.`,
    });
  }
  if (!ARCHITECTURES.includes(arch)) {
    throw toError('native_module_wrong_architecture', {
      message: `There is no native module for the processor architecture ${arch}.`,
    });
  }
  const folder = packageFolder(host.folder);
  if (folder === undefined) {
    throw toError('native_module_missing', {
      message: 'The folder that holds the native module is not known: this program has no path of its own.',
      remedy: 'Start a bundle from its file, and let the bundler keep __dirname: see docs/bundling.md.',
    });
  }
  const file = locate(name, folder, host);
  const forbidden = host.forbids(file);
  if (forbidden !== undefined) {
    throw toError('native_module_load_failed', {
      message: `The native module ${file} may not be loaded: ${forbidden}.`,
      remedy: FLAGS,
    });
  }
  if (!exists(file)) throw toError('native_module_missing', { message: `The native module ${file} is not there.` });
  try {
    return load(file);
  } catch (cause) {
    if ((cause as { code?: unknown } | undefined)?.code === ADDONS_ARE_OFF) {
      throw toError('native_module_load_failed', {
        message: 'Node.js was told to load no addons.',
        remedy: FLAGS,
        cause,
      });
    }
    const isOtherArchitecture = cause instanceof Error && BAD_EXE_FORMAT.test(cause.message);
    throw toError(isOtherArchitecture ? 'native_module_wrong_architecture' : 'native_module_load_failed', {
      message: `The native module ${file} is there and Windows did not load it.`,
      cause,
    });
  }
}

/**
 * The folder of this package, or of the bundle it went into. Undefined when it is not one that the path fully names: for
 * `node -e` it is `.`, and webpack writes `/` or a relative path there. What lies in the working directory or at the root
 * of a drive may be a stranger's, so nothing is looked for there.
 */
export function packageFolder(folder: string | undefined = ownFolder()): string | undefined {
  return folder !== undefined && isFullyQualified(folder) ? folder : undefined;
}

function isFullyQualified(folder: string): boolean {
  const isWhole = sep === '/' ? isAbsolute(folder) : /^(?:[a-z]:[\\/]|\\\\[^\\/?.])/i.test(folder);
  return isWhole && join(folder, sep) !== parse(folder).root && !folder.includes('\0');
}

/**
 * In `prebuilds` of the package, or of the bundle it went into. Only in a checkout of this repository, where somebody
 * develops the addon, node-gyp-build says which file, with what an environment variable or a `build` folder makes it
 * answer: elsewhere it is not even loaded, for a bundle would find a stranger's one at the root of the drive.
 */
function locate(name: string, folder: string, { platform, arch, exists, folder: given }: LoaderHost): string {
  const target = `${platform}-${arch}`;
  const published =
    given === undefined ? prebuiltAddon(target, name) : join(given, 'prebuilds', target, `${name}.node`);
  if (!exists(join(folder, 'CMakeLists.txt'))) return published;
  try {
    return nodeGypBuild().path(folder);
  } catch {
    return published;
  }
}

/** What the permission model of Node.js keeps from this process. It tells of `--no-addons` only when asked to load one. */
function forbids(file: string): string | undefined {
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } };
  if (permission === undefined) return undefined;
  if (!permission.has('addon')) return 'the permission model is on, without --allow-addons';
  return permission.has('fs.read', file) ? undefined : 'the permission model is on, without --allow-fs-read for it';
}

/** What require() uses for .node files; it needs no resolver and survives bundling. */
function dlopen(file: string): unknown {
  const addon = { exports: {} as unknown };
  process.dlopen(addon, file);
  return addon.exports;
}
