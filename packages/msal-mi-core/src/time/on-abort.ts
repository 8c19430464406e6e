/** Whoever waits for the same signal shares one registration with it. */
const waiting = new WeakMap<Abortable, Waiting>();

/** An AbortSignal, or what looks like one. */
export interface Abortable {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Waiting {
  readonly listeners: Set<() => void>;
  readonly notify: () => void;
}

/**
 * Calls `listener` when `signal` aborts, at once when it has. However many calls follow one signal, it has one listener
 * of ours: from the eleventh on Node.js would warn of a leak.
 *
 * @param signal - Undefined never aborts.
 * @returns Lets go of the signal. Idempotent.
 */
export function onAbort(signal: Abortable | undefined, listener: () => void): () => void {
  if (signal === undefined) return NOTHING_TO_RELEASE;
  if (signal.aborted) {
    listener();
    return NOTHING_TO_RELEASE;
  }
  const own = waiting.get(signal) ?? follow(signal);
  own.listeners.add(listener);
  return () => {
    if (!own.listeners.delete(listener) || own.listeners.size > 0 || waiting.get(signal) !== own) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', own.notify);
  };
}

const NOTHING_TO_RELEASE = (): void => undefined;

function follow(signal: Abortable): Waiting {
  const listeners = new Set<() => void>();
  const notify = (): void => {
    waiting.delete(signal);
    for (const listener of listeners) listener();
  };
  const own = { listeners, notify };
  waiting.set(signal, own);
  signal.addEventListener('abort', notify, { once: true });
  return own;
}
