import type { Clock } from 'core/ports.js';

interface Sleeper {
  readonly dueAtMs: number;
  readonly wake: () => void;
}

/**
 * Time that passes when a test says so. Waits up to `autoElapseMs` (retry delays) elapse by themselves, on the virtual
 * clock only; longer ones (deadlines) wait for `advance`.
 */
export class VirtualClock implements Clock {
  readonly slept: number[] = [];
  randomValue = 0;
  #nowMs: number;
  #wallOffsetMs = 0;
  #setBackMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(
    startAtMs: number = Date.now(),
    readonly autoElapseMs = 10_000,
  ) {
    this.#nowMs = startAtMs;
  }

  now = (): number => this.#nowMs + this.#wallOffsetMs;
  monotonicMs = (): number => this.#nowMs;
  setBackMs = (): number => this.#setBackMs;
  random = (): number => this.randomValue;

  sleep = (durationMs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        dueAtMs: this.#nowMs + durationMs,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (durationMs > this.autoElapseMs) {
        this.#sleepers.push(sleeper);
        return;
      }
      this.slept.push(durationMs);
      this.#nowMs = Math.max(this.#nowMs, sleeper.dueAtMs);
      setImmediate(sleeper.wake);
    });

  /** Sets the wall clock forward, or back when negative. No time passes. */
  setWallClockBy(stepMs: number): void {
    this.#wallOffsetMs += stepMs;
    if (stepMs < 0) this.#setBackMs -= stepMs;
  }

  /** Lets time pass and wakes who is due. */
  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    const due = this.#sleepers.filter((sleeper) => sleeper.dueAtMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.dueAtMs > this.#nowMs);
    for (const sleeper of due) sleeper.wake();
  }
}
