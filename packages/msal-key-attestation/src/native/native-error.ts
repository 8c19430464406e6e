/** Turns `{ api, status }` of the addon into the errors of this package. */
import { AttestationError } from '../errors.js';
import { hintFor, isPassing, meaningOf } from '../native-codes.js';
import type { FailedCall } from './bindings.js';

const ERROR_FILE_NOT_FOUND = 2;
const ERROR_PATH_NOT_FOUND = 3;
const ERROR_MOD_NOT_FOUND = 126;
const ERROR_BAD_EXE_FORMAT = 193;
const ERROR_ALREADY_EXISTS = 183;
const ERROR_EXE_MACHINE_TYPE_MISMATCH = 216;

const FROM_THE_PACKAGE = 'Take AttestationClientLib.dll from the NuGet package again.';

/**
 * @param libraryPath - The library the call was about.
 * @param reason - Why the attestation service refused, in one word, when the library said so.
 */
export function toAttestationError(failedCall: FailedCall, libraryPath: string, reason?: string): AttestationError {
  const { api, status } = failedCall;
  switch (api) {
    case 'CreateFileW':
    case 'LoadLibraryExW':
      return loadFailure(failedCall, libraryPath);
    case 'GetProcAddress':
      return new AttestationError('attestation_library_incompatible', {
        message: `${libraryPath} lacks a function that AttestationClientLib.dll exports.`,
        remediation: 'Use version 1.1.5 or later of Microsoft.Azure.Security.KeyGuardAttestation.',
        win32: { api, code: status },
      });
    case 'WinVerifyTrust':
      return untrusted(failedCall, {
        message: `requireSignedLibrary is set and the Authenticode signature of ${libraryPath} did not verify (${hex(status)}).`,
        remediation: FROM_THE_PACKAGE,
      });
    case 'CertGetNameStringW':
      return untrusted(failedCall, {
        message: `requireSignedLibrary is set and ${libraryPath} is signed by another publisher than the required one.`,
        remediation: FROM_THE_PACKAGE,
      });
    case 'InitAttestationLib':
    case 'AttestKeyGuardImportKey':
      return libraryFailure(failedCall, reason);
    case 'GetFinalPathNameByHandleW':
      return untrusted(failedCall, {
        message: `${libraryPath} does not lie on a drive of this machine, or could not be located.`,
        remediation: 'Copy AttestationClientLib.dll into a folder of this machine that ordinary users cannot write.',
      });
    case 'CryptGetHashParam':
      return untrusted(failedCall, {
        message: `${libraryPath} is not the file that requireLibrarySha256 names.`,
        remediation: 'Take the file that was approved, or set the option to the SHA-256 of the new one.',
      });
    default:
      return new AttestationError('attestation_failed', {
        message: `The key could not be attested: ${api} failed with ${hex(status)}.`,
        remediation: api.startsWith('NCrypt')
          ? 'Check that the key exists and that this process runs as the user who owns it.'
          : 'See the Windows error code.',
        win32: { api, code: status },
      });
  }
}

/** The error for an attestation that ended well and brought nothing that could be a token. */
export function noUsableToken(found: 'no token' | 'an empty token' | 'something that is not a JWT'): AttestationError {
  return new AttestationError('attestation_failed', {
    message: `The library reported success and returned ${found}.`,
    remediation: 'Check that the attestation endpoint is reachable without a proxy that rewrites its answers.',
  });
}

function loadFailure({ api, status }: FailedCall, libraryPath: string): AttestationError {
  const win32 = { api, code: status };
  switch (status) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return new AttestationError('attestation_library_not_found', {
        message: `${libraryPath} is gone.`,
        remediation: 'Put AttestationClientLib.dll back.',
        win32,
      });
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
      return new AttestationError('attestation_library_wrong_architecture', {
        message: `${libraryPath} is not built for ${process.arch}, the architecture of this Node.js, or is damaged.`,
        remediation: 'Use the x64 library with Node.js for x64.',
        win32,
      });
    case ERROR_ALREADY_EXISTS:
      return new AttestationError('attestation_library_untrusted', {
        message: `${libraryPath} was loaded by this process before, when neither a signature nor a SHA-256 was required.`,
        remediation: 'Set requireSignedLibrary or requireLibrarySha256 on every provider of the process.',
        win32,
      });
    case ERROR_MOD_NOT_FOUND:
      return new AttestationError('attestation_library_dependency_missing', {
        message: `${libraryPath} is there and a DLL that it needs is not, most likely the Visual C++ runtime.`,
        remediation:
          'Install the Microsoft Visual C++ redistributable (x64): https://aka.ms/vs/17/release/vc_redist.x64.exe. ' +
          'A copy beside the library is not used when its signature or SHA-256 is required.',
        win32,
      });
    default:
      return new AttestationError('attestation_library_incompatible', {
        message: `${libraryPath} could not be loaded: ${api} failed with ${String(status)}.`,
        remediation: 'See the Windows error code; antivirus and code integrity policies are frequent causes.',
        win32,
      });
  }
}

function untrusted({ api, status }: FailedCall, what: { message: string; remediation: string }): AttestationError {
  return new AttestationError('attestation_library_untrusted', {
    message: `${what.message} The library was not loaded.`,
    remediation: what.remediation,
    win32: { api, code: status },
  });
}

function libraryFailure({ api, status }: FailedCall, reason: string | undefined): AttestationError {
  const code = status | 0; // the library's codes are negative
  const isInit = api === 'InitAttestationLib';
  const what = isInit ? 'AttestationClientLib.dll did not initialise' : 'The key was not attested';
  return new AttestationError(isInit ? 'attestation_library_incompatible' : 'attestation_failed', {
    message:
      `${what}: ${api} returned ${String(code)}, ${meaningOf(code)}.` +
      (reason === undefined ? '' : ` The attestation service said ${reason}.`),
    remediation: hintFor(code),
    retryable: isPassing(code),
    win32: { api, code },
  });
}

function hex(status: number): string {
  return `0x${(status >>> 0).toString(16).padStart(8, '0')}`;
}
