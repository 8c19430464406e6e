import type { Clock } from '../ports.js';
import { onAbort } from './on-abort.js';

/** Settles as `promise` does, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const release = onAbort(signal, () => reject(signal.reason as Error));
    promise.then(resolve, reject).finally(release);
  });
}

/**
 * Runs `work` with a signal that follows `signal` and is also aborted, with `onTimeout()` as its reason, after
 * `timeoutMs`. Rejects at once in both cases. Without a timeout the caller's own signal is used as it is.
 */
export async function withDeadline<T>(
  options: { clock: Clock; timeoutMs: number | undefined; signal: AbortSignal | undefined; onTimeout: () => Error },
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, signal, onTimeout } = options;
  signal?.throwIfAborted();
  if (timeoutMs === undefined) return abortable(work(signal), signal);
  const deadline = new AbortController();
  const timer = new AbortController();
  const follow = () => deadline.abort(signal?.reason);
  const release = onAbort(signal, follow);
  clock.sleep(timeoutMs, timer.signal).then(
    () => deadline.abort(onTimeout()),
    () => undefined,
  );
  try {
    return await abortable(work(deadline.signal), deadline.signal);
  } finally {
    timer.abort();
    release();
  }
}
