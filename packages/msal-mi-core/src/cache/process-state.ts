import type { SharedState } from './shared-state.js';

const PROCESS_STATE = Symbol.for('msal-mi-core/state/v1');
const holder = globalThis as { [PROCESS_STATE]?: SharedState };

/** The state of this process, whichever copy of this library (ESM or CommonJS) made it; undefined before the first use. */
export function existingState(): SharedState | undefined {
  return holder[PROCESS_STATE];
}

/** The state of this process from now on. */
export function keepState(state: SharedState): SharedState {
  holder[PROCESS_STATE] = state;
  return state;
}
