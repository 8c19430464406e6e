import type { GetTokenOptions } from '@azure/core-auth';
import { invalidRequest, readable } from '../options/options.js';
import { onAbort } from '../time/clock.js';

type AbortSignalLike = NonNullable<GetTokenOptions['abortSignal']>;

/** What the Azure SDK recognises as a cancellation: it goes by the name. */
export class AbortError extends Error {
  override readonly name = 'AbortError';
}

/** A signal of the platform that follows one of the SDK and a time limit. */
export interface FollowedAbort {
  readonly signal: AbortSignal;
  /** Ends the time limit; the signal is followed on. */
  endTimer(): void;
  /** Lets go of both. */
  release(): void;
}

/** Longer ones would be taken for 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * @param source - Aborts with an {@link AbortError}, at once when it is aborted already.
 * @param timeoutMs - Aborts after so long. Never for undefined, and for what is not a time: 0, negative, not finite, or
 *   longer than a timer can be.
 * @throws ManagedIdentityError `invalid_request` for a source that is not a signal.
 */
export function followAbort(source: AbortSignalLike | undefined, timeoutMs: number | undefined): FollowedAbort {
  if (!isSignal(source)) throw invalidRequest('abortSignal must be an AbortSignal.');
  const controller = new AbortController();
  const unfollow = onAbort(source, () => controller.abort(new AbortError('The operation was aborted.')));
  const timer = isTime(timeoutMs)
    ? setTimeout(() => controller.abort(new AbortError(`The operation took longer than ${timeoutMs} ms.`)), timeoutMs)
    : undefined;
  return {
    signal: controller.signal,
    endTimer: () => clearTimeout(timer),
    release: () => {
      unfollow();
      clearTimeout(timer);
    },
  };
}

function isSignal(source: unknown): boolean {
  if (source === undefined) return true;
  return readable(invalidRequest, () => {
    const { aborted, addEventListener, removeEventListener } = source as Record<string, unknown>;
    const methods = [addEventListener, removeEventListener];
    return (
      typeof source === 'object' && typeof aborted === 'boolean' && methods.every((one) => typeof one === 'function')
    );
  });
}

function isTime(ms: number | undefined): ms is number {
  return ms !== undefined && ms > 0 && ms <= LONGEST_TIMER_MS;
}
