/** Time, and waiting for something with a signal and a deadline. */
import type { Socket } from 'node:net';
import type { Clock } from '../ports.js';

/** Less than this is how the readings of two clocks differ, and how a clock is adjusted bit by bit. */
const SMALLEST_STEP_MS = 1_000;

const STEPS = Symbol.for('msal-mi-core/wall-clock-steps/v1');

/** What was seen of the wall clock. The copies of this library share their tokens, so they have to have seen the same. */
interface Steps {
  comparedAtMs: number;
  leadMs: number;
  setBackMs: number;
}
const steps = knownSteps();

function knownSteps(): Steps {
  const holder = globalThis as { [STEPS]?: Steps };
  const known = holder[STEPS];
  if (known !== undefined) return known;
  const created = { comparedAtMs: -Infinity, leadMs: -Infinity, setBackMs: 0 };
  holder[STEPS] = created;
  return created;
}

/**
 * Compares both clocks: where the wall clock is behind of what it was relative to the other one, it was set back. Once a
 * millisecond is enough, and spares most cached tokens the reading of the other clock.
 */
function observeSteps(nowMs: number): number {
  if (nowMs === steps.comparedAtMs) return steps.setBackMs;
  steps.comparedAtMs = nowMs;
  const leadMs = nowMs - performance.now();
  if (leadMs > steps.leadMs) steps.leadMs = leadMs;
  else if (steps.leadMs - leadMs >= SMALLEST_STEP_MS) {
    steps.setBackMs += steps.leadMs - leadMs;
    steps.leadMs = leadMs;
  }
  return steps.setBackMs;
}

/** The wall clock, as it would be without its steps back: an entry is judged by it, less the steps before the entry. */
export function steadyTime(clock: Clock): number {
  const nowMs = clock.now();
  return nowMs + clock.setBackMs(nowMs);
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setBackMs: observeSteps,
  random: () => Math.random(),
  sleep: async (durationMs, signal) => {
    signal?.throwIfAborted();
    let timer: NodeJS.Timeout | undefined;
    const waking = new Promise<void>((resolve) => (timer = setTimeout(resolve, durationMs).unref()));
    try {
      await abortable(waking, signal);
    } finally {
      clearTimeout(timer);
    }
  },
};

/** Settles as `promise` does, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const release = onAbort(signal, () => reject(signal.reason as Error));
    promise.then(resolve, reject).finally(release);
  });
}

/** Why a wait was given up that nobody waits for any more. Without a reason each abort would make an error with its stack. */
const NOBODY_ASKS = 'over';

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
    timer.abort(NOBODY_ASKS);
    release();
  }
}

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

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** Lets the process live until `work` settles. */
export async function keepingProcess<T>(work: () => Promise<T>): Promise<T> {
  const handle = setInterval(() => undefined, LONGEST_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(handle);
  }
}

/**
 * Lets the process end while an answer is waited for. Each address that a connection is tried with has a handle of its own,
 * so it is done again when one is connected. A kept connection holds the process again with the next request that it serves.
 */
export function unreference(socket: Socket): void {
  socket.unref();
  if (socket.connecting) socket.once('connect', () => socket.unref());
}
