/** Where AttestationClientLib.dll is looked for. Never in the working directory and never on PATH. */
import { statSync } from 'node:fs';
import { win32 } from 'node:path';
import { AttestationError } from '../errors.js';

const LIBRARY_NAME = 'AttestationClientLib.dll';
/** Names the library by absolute path; the name other MSAL libraries use too. */
const LIBRARY_PATH_VARIABLE = 'ATTESTATION_CLIENTLIB_PATH';

/** Value of `ATTESTATION_CLIENTLIB_PATH`, as it is now. */
export function libraryPathOfEnvironment(): string | undefined {
  return process.env[LIBRARY_PATH_VARIABLE];
}

/** What the search depends on. */
export interface LibrarySearch {
  /** Path from the options. Excludes every other place. */
  readonly explicitPath: string | undefined;
  /** Value of `ATTESTATION_CLIENTLIB_PATH`. Excludes the folders; empty counts as unset. */
  readonly variablePath: string | undefined;
  /** Undefined when this package went into a bundle without a path of its own. */
  readonly packageFolder: string | undefined;
  readonly executableFolder: string;
}

const GUIDANCE =
  'Take it from the NuGet package Microsoft.Azure.Security.KeyGuardAttestation (x64): ' +
  'nuget install Microsoft.Azure.Security.KeyGuardAttestation, ' +
  'put it into a folder that ordinary users cannot write, such as one below C:\\Program Files, ' +
  `then set ${LIBRARY_PATH_VARIABLE} to its absolute path. See the README of msal-key-attestation.`;

/**
 * True for `C:\folder\file`. False for paths that depend on a current drive or directory, for forward slashes (what Windows
 * loads for them depends on who asks), for shares (another machine may give another file each time) and for devices and
 * streams (`\\?\`, `\\.\`, a second colon).
 */
export function isOnLocalDrive(path: string): boolean {
  return /^[a-z]:(?:\\[^\\/:*?"<>|\p{Cc}]+)+$/iu.test(path);
}

/**
 * The absolute path of the library. A place that was named is the only one looked at: a typing error must not lead to
 * another library.
 *
 * @throws AttestationError `attestation_library_not_found`, with every path tried.
 */
export function findLibrary(search: LibrarySearch, isFile: (path: string) => boolean = isExistingFile): string {
  const tried = placesOf(search);
  const found = tried.find((path) => isOnLocalDrive(path) && isFile(path));
  if (found !== undefined) return found;
  throw new AttestationError('attestation_library_not_found', {
    message: `${LIBRARY_NAME} was not found. Tried: ${tried.join('; ')}.`,
    remediation: GUIDANCE,
  });
}

function placesOf({ explicitPath, variablePath, packageFolder, executableFolder }: LibrarySearch): string[] {
  if (explicitPath !== undefined) return [explicitPath];
  if (variablePath === undefined || variablePath.trim() === '') {
    const inPackage = packageFolder === undefined ? [] : [win32.join(packageFolder, 'native', LIBRARY_NAME)];
    return [...inPackage, win32.join(executableFolder, LIBRARY_NAME)];
  }
  if (isOnLocalDrive(variablePath)) return [variablePath];
  throw new AttestationError('attestation_library_not_found', {
    message: `${LIBRARY_PATH_VARIABLE} is not an absolute path on a drive of this machine, written with backslashes.`,
    remediation: `Set it to a path such as C:\\Program Files\\Attestation\\${LIBRARY_NAME}.`,
  });
}

function isExistingFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // Not there, or not for this process: the permission model of Node.js.
  }
}
