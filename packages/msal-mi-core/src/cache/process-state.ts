import { AsyncLocalStorage } from 'node:async_hooks';
import type { SharedState } from './shared-state.js';

/**
 * Other copies of this library work with what they find here: raise the version whenever the shape of it changes. Copies of
 * different versions keep a state each.
 */
export const STATE_VERSION = 4;
const PROCESS_STATE = Symbol.for(`msal-mi-core/state/v${STATE_VERSION}`);
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

/**
 * What is found through a transport of an application's own stays with the applications that have it (D28), and so does
 * what is found while version 2 is switched off (D32).
 */
export function discoveryKey(
  { imdsBase, networkClient, isVersion2Disabled }: DiscoverySettings,
  state: SharedState,
): string {
  const transport = networkClient === undefined ? '' : `\0${objectNumber(state, networkClient)}`;
  return `${imdsBase}${transport}${isVersion2Disabled ? '\0without version 2' : ''}`;
}

/** What decides what a capability query can find. */
interface DiscoverySettings {
  readonly imdsBase: string;
  readonly networkClient: object | undefined;
  readonly isVersion2Disabled: boolean;
}

/** Tells objects that applications were configured with apart. */
export function objectNumber(state: SharedState, object: object): number {
  const known = state.objectNumbers.get(object);
  if (known !== undefined) return known;
  state.objectCount += 1;
  state.objectNumbers.set(object, state.objectCount);
  return state.objectCount;
}

/**
 * Runs work in no request's AsyncLocalStorage context, but in the one this module was loaded in: what is done for all
 * requests to come is not to be traced and logged as part of the one that happened to start it.
 */
export const outsideOfRequests: <T>(work: () => T) => T = AsyncLocalStorage.snapshot();
