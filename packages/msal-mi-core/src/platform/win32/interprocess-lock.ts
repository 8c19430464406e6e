/** Locks shared by all processes of the user. */
import { createHash } from 'node:crypto';
import { onAbort } from '../../time/clock.js';
import type { NativeBindings } from './native/bindings.js';

export type LockResult = { readonly kind: 'acquired'; readonly release: () => void } | { readonly kind: 'busy' };

/**
 * Waits for the lock of `subject`. Windows frees the lock of a process that died, so the caller looks again at what it
 * protects.
 * When `signal` aborts, its reason is thrown and the lock is not held.
 */
export async function acquireLock(
  native: NativeBindings,
  options: { kind: 'key' | 'certificate'; subject: string; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<LockResult> {
  const { kind, subject, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const lock = native.acquireLock(lockName(kind, subject), timeoutMs);
  const release = () => lock.release();
  const stopFollowing = onAbort(signal, release);
  try {
    const outcome = await lock.settled;
    if (signal?.aborted === true) {
      release();
      throw signal.reason;
    }
    return outcome === 'acquired' ? { kind: 'acquired', release } : { kind: 'busy' };
  } finally {
    stopFollowing();
  }
}

/** The lock is a file of this name, and Windows compares file names without case: subjects are folded and hashed. */
export function lockName(kind: 'key' | 'certificate', subject: string): string {
  const folded = subject.trim().toUpperCase();
  return `msal-mi-core-${kind}-${createHash('sha256').update(folded).digest('hex').slice(0, 32)}`;
}
