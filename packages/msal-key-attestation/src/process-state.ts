import type { AttestationProvider } from 'msal-mi-core';

/** Shared by the ESM and the CommonJS build of this package when both are loaded. */
interface ProcessState {
  provider?: AttestationProvider;
  /** Settles when the native work that was started last is over. */
  lastWork: Promise<unknown>;
}

const STATE = Symbol.for('msal-key-attestation/state/0.1');

/** The state of this process, or of this worker thread. */
export function processState(): ProcessState {
  const holder = globalThis as { [STATE]?: ProcessState };
  const state = holder[STATE] ?? { lastWork: Promise.resolve() };
  holder[STATE] = state;
  return state;
}

/**
 * Runs `work` after everything that was passed in before, whether that went well or not: the native library does one
 * attestation at a time, and a second one would only block a thread of the pool.
 */
export function runExclusive<T>(work: () => Promise<T>): Promise<T> {
  const state = processState();
  const mine = state.lastWork.then(work);
  state.lastWork = mine.catch(() => undefined);
  return mine;
}
