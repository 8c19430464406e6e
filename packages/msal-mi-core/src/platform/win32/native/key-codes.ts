/** What the codes of the key storage providers mean (winerror.h). */
import { MsiV2Error } from '../../../errors.js';
import type { FailedCall } from './bindings.js';
import { hex } from './hex.js';

export const NTE = {
  BAD_KEY_STATE: 0x8009000b,
  NO_KEY: 0x8009000d,
  NO_MEMORY: 0x8009000e,
  NOT_FOUND: 0x80090011,
  BAD_PUBLIC_KEY: 0x80090015,
  BAD_KEYSET: 0x80090016,
  NOT_SUPPORTED: 0x80090029,
  INTERNAL_ERROR: 0x8009002d,
  DEVICE_NOT_READY: 0x80090030,
  VBS_UNAVAILABLE: 0x80890014,
  VBS_CANNOT_DECRYPT_KEY: 0x80890015,
} as const;

/** The key is gone or dead, and only a new one helps (D12). Nothing but these codes ever deletes a key. */
const GONE_OR_DEAD: ReadonlySet<number> = new Set([
  NTE.BAD_KEYSET,
  NTE.NO_KEY,
  NTE.NOT_FOUND,
  NTE.BAD_KEY_STATE,
  NTE.VBS_CANNOT_DECRYPT_KEY,
]);

/** The host has no virtualization-based security, or no provider that knows of it (D12). */
const NO_ISOLATION: ReadonlySet<number> = new Set([NTE.VBS_UNAVAILABLE, NTE.NOT_SUPPORTED]);

/** The key service starts, restarts or is overloaded: the same call may succeed later. */
const PASSING: ReadonlySet<number> = new Set([
  NTE.DEVICE_NOT_READY,
  NTE.NO_MEMORY,
  NTE.INTERNAL_ERROR,
  ...[8, 14, 1450], // not enough memory or resources
  ...[32, 33], // the file of the key, or of a lock, is in use
  ...[1702, 1722, 1723, 1726, 1727], // the service behind the provider does not answer
  ...[1702, 1722, 1723, 1726, 1727].map((code) => 0x8007_0000 + code), // the same as HRESULT
]);

/** The functions that speak of the key itself. What a provider says when it is opened speaks of the provider. */
const ABOUT_THE_KEY = new Set(['NCryptOpenKey', 'NCryptSignHash', 'NCryptExportKey', 'NCryptGetProperty']);
const CREATING = new Set(['NCryptCreatePersistedKey', 'NCryptSetProperty', 'NCryptFinalizeKey']);
/** The functions behind a lock in the user's profile. */
const LOCKING = new Set([
  'OpenProcessToken',
  'GetUserProfileDirectoryW',
  'CreateDirectoryW',
  'CreateFileW',
  'LockFileEx',
]);

/** The host cannot make an isolated key. Not a failure of the host. */
export function isIsolationUnavailable({ api, status }: FailedCall): boolean {
  return CREATING.has(api) && NO_ISOLATION.has(status);
}

/** A new key has to take its place. Any other failure leaves the key where it is: it may be alive. */
export function isKeyGone({ api, status }: FailedCall): boolean {
  return ABOUT_THE_KEY.has(api) && GONE_OR_DEAD.has(status);
}

/** For a key that could not be opened or created. */
export function toKeyUnavailable({ api, status }: FailedCall): MsiV2Error {
  const common = { stage: 'key', retryable: PASSING.has(status), win32: { api, code: status } } as const;
  if (LOCKING.has(api)) {
    return new MsiV2Error('key_unavailable', {
      ...common,
      message: `The lock of the key could not be had in the user's profile: ${api} failed with ${hex(status)}.`,
      remediation:
        'Run the process as an account whose profile is loaded: for IIS set loadUserProfile of the application pool, ' +
        'for a scheduled task or a service use an account that has logged on once. Keys of a user live in the profile too.',
    });
  }
  return new MsiV2Error('key_unavailable', {
    ...common,
    message: `The isolated key could not be opened or created: ${api} failed with ${hex(status)}.`,
  });
}

/** For a key that did not sign. */
export function toKeyOperationFailed({ api, status }: FailedCall): MsiV2Error {
  return new MsiV2Error('key_operation_failed', {
    stage: 'key',
    message:
      status === NTE.BAD_PUBLIC_KEY
        ? 'Another process replaced the key.'
        : `The key could not sign: ${api} failed with ${hex(status)}.`,
    win32: { api, code: status },
  });
}
