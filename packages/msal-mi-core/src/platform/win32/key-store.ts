/** The KeyGuard key of this user, or the software key where the host has no isolation (D12). */
import { createHash, createPublicKey } from 'node:crypto';
import { x5tS256 } from '../../crypto/x509.js';
import { abortable } from '../../time/clock.js';
import { MsiV2Error } from '../../errors.js';
import type { KeyStore, NamedKey, SigningKey } from '../../ports.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';
import { FRIENDLY_NAME_PREFIX } from './friendly-name.js';
import { acquireLock } from './interprocess-lock.js';
import type { KeyProbe, NativeBindings } from './native/bindings.js';
import { isIsolationUnavailable, isKeyGone, toKeyOperationFailed, toKeyUnavailable } from './native/key-codes.js';
import { failedCall } from './native/native-error.js';

/** Our own: .NET's key of the same user stays untouched. */
export const KEYGUARD_KEY: NamedKey = Object.freeze({
  providerName: 'Microsoft Software Key Storage Provider',
  keyName: 'MsalMiKeyGuardRsaKey',
  scope: 'user',
});
const MODULUS_BITS = 2048;
/** Making an isolated key takes up to a second; several processes may queue. */
const LOCK_TIMEOUT_MS = 10_000;

/** @param software - Takes over where the host has no isolation. */
export function createWin32KeyStore(native: () => NativeBindings, software: KeyStore): KeyStore {
  let opening: Promise<SigningKey> | undefined;
  let strongest: MtlsBindingStrength | undefined;

  const open = async (): Promise<SigningKey> => {
    const key = await openIsolatedKey(native());
    strongest = key?.strength ?? MtlsBindingStrength.Software;
    return key ?? software.open({ verify: false });
  };
  return {
    async strongest() {
      const answer = strongest ?? (await askIsolation(native()));
      // Opening the key may have told meanwhile.
      strongest ??= answer;
      // A provider that fails is not a host without isolation: opening the key will tell (D12).
      return strongest ?? MtlsBindingStrength.KeyGuard;
    },
    open({ verify, signal }) {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      if (opening === undefined || verify) {
        const attempt = open();
        opening = attempt;
        attempt.catch(() => {
          if (opening === attempt) opening = undefined;
        });
      }
      return abortable(opening, signal);
    },
  };
}

/** Undefined when the provider gives no answer. */
async function askIsolation(native: NativeBindings): Promise<MtlsBindingStrength | undefined> {
  try {
    const isSupported = await native.supportsIsolatedKeys(KEYGUARD_KEY);
    return isSupported ? MtlsBindingStrength.KeyGuard : MtlsBindingStrength.Software;
  } catch (error) {
    failedCall(error);
    return undefined;
  }
}

/** Undefined when the host has no isolation. Under the lock: two processes must not replace each other's new key. */
async function openIsolatedKey(native: NativeBindings): Promise<SigningKey | undefined> {
  const lock = await acquireLock(native, {
    kind: 'key',
    subject: KEYGUARD_KEY.keyName,
    timeoutMs: LOCK_TIMEOUT_MS,
  }).catch((error: unknown) => {
    throw toKeyUnavailable(failedCall(error));
  });
  if (lock.kind === 'busy') {
    throw new MsiV2Error('key_unavailable', {
      stage: 'key',
      message: `Another process has been using the key store for ${LOCK_TIMEOUT_MS / 1000} s.`,
      remediation: 'Try again; look for a process of this user that hangs.',
      retryable: true,
    });
  }
  try {
    const probe = (await probeUsableKey(native)) ?? (await createKey(native));
    return probe?.isIsolated === true ? toSigningKey(native, probe) : undefined;
  } finally {
    lock.release();
  }
}

/** Undefined when there is no key, or one that has to be replaced. */
async function probeUsableKey(native: NativeBindings): Promise<KeyProbe | undefined> {
  try {
    const probe = await native.probeKey(KEYGUARD_KEY);
    return probe.isIsolated && probe.modulus.length * 8 >= MODULUS_BITS ? probe : undefined;
  } catch (error) {
    const failed = failedCall(error);
    if (isKeyGone(failed)) return undefined;
    throw toKeyUnavailable(failed);
  }
}

async function createKey(native: NativeBindings): Promise<KeyProbe | undefined> {
  let probe: KeyProbe;
  try {
    probe = await native.createIsolatedKey(KEYGUARD_KEY, MODULUS_BITS);
  } catch (error) {
    const failed = failedCall(error);
    if (isIsolationUnavailable(failed)) return undefined;
    throw toKeyUnavailable(failed);
  }
  await purgeCertificates(native);
  return probe;
}

/** No certificate that is kept can belong to a key that was just made. */
async function purgeCertificates(native: NativeBindings): Promise<void> {
  try {
    const entries = await native.listCertificates(FRIENDLY_NAME_PREFIX);
    if (entries.length === 0) return;
    await native.deleteCertificates(
      FRIENDLY_NAME_PREFIX,
      entries.map(({ certificate }) => certificate),
    );
  } catch {
    // Best effort: whoever finds one later compares public keys.
  }
}

function toSigningKey(native: NativeBindings, probe: KeyProbe): SigningKey {
  const spki = createPublicKey({
    key: { kty: 'RSA', n: base64url(probe.modulus), e: base64url(probe.exponent) },
    format: 'jwk',
  }).export({ type: 'spki', format: 'der' });
  return Object.freeze({
    id: x5tS256(spki),
    strength: MtlsBindingStrength.KeyGuard,
    spki,
    named: KEYGUARD_KEY,
    sign(message: Uint8Array, signal?: AbortSignal) {
      const digest = createHash('sha256').update(message).digest();
      const signing = native.signPssSha256(KEYGUARD_KEY, probe, digest).catch((error: unknown) => {
        throw toKeyOperationFailed(failedCall(error));
      });
      return abortable(signing, signal);
    },
  });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
