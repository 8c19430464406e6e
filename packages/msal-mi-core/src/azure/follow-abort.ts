import type { GetTokenOptions } from '@azure/core-auth';
import { onAbort } from '../time/on-abort.js';

type AbortSignalLike = NonNullable<GetTokenOptions['abortSignal']>;

/** What the Azure SDK recognises as a cancellation: it goes by the name. */
export class AbortError extends Error {
  override readonly name = 'AbortError';
}

/** A signal of the platform that follows one of the SDK and a time limit; `release` lets go of both. */
export interface FollowedAbort {
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * @param source - Aborts with an {@link AbortError}, at once when it is aborted already.
 * @param timeoutMs - Aborts after so long; 0 or undefined: never.
 */
export function followAbort(source: AbortSignalLike | undefined, timeoutMs: number | undefined): FollowedAbort {
  const controller = new AbortController();
  const unfollow = onAbort(source, () => controller.abort(new AbortError('The operation was aborted.')));
  const timer =
    timeoutMs === undefined || timeoutMs <= 0
      ? undefined
      : setTimeout(
          () => controller.abort(new AbortError(`The operation took longer than ${timeoutMs} ms.`)),
          timeoutMs,
        );
  return {
    signal: controller.signal,
    release: () => {
      unfollow();
      clearTimeout(timer);
    },
  };
}
