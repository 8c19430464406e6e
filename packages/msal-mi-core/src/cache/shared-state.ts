import type { ManagedIdentity } from '../model.js';
import type { ManagedIdentityCapabilities } from '../public-types.js';
import type { Platform } from '../ports.js';
import { ownerKey } from './cache-key.js';
import { BindingCache } from './binding-cache.js';
import { SingleFlight } from './single-flight.js';
import { TokenCache } from './token-cache.js';

/** Everything that instances and copies of this library share in one process. */
export interface SharedState {
  readonly tokens: TokenCache;
  readonly bindings: BindingCache;
  readonly flights: SingleFlight;
  /** Throttle key -> end of the wait, milliseconds since the epoch. */
  readonly throttled: Map<string, number>;
  /** IMDS base -> what a capability query found there. */
  readonly discovered: Map<string, DiscoveredSource>;
  /** Keys live here, so that the ESM and the CommonJS copy sign with the same one. */
  platform: Platform | undefined;
  /** Tells objects that applications were configured with apart. */
  readonly objectNumbers: WeakMap<object, number>;
  objectCount: number;
  /** Forgets the tokens and bindings of an identity. Keys and work in flight stay. */
  forget(imdsBase: string, identity: ManagedIdentity): void;
}

/** The outcome of a capability query, without what can change by installing a package. */
export interface DiscoveredSource {
  readonly capabilities: Omit<ManagedIdentityCapabilities, 'attestation'>;
  /** Which version of IMDS answered. */
  readonly imdsVersion: 1 | 2 | undefined;
  readonly foundAtMs: number;
}

/** A new state, shared with nobody yet. */
export function createSharedState(): SharedState {
  const tokens = new TokenCache();
  const bindings = new BindingCache();
  return {
    tokens,
    bindings,
    flights: new SingleFlight(),
    throttled: new Map(),
    discovered: new Map(),
    platform: undefined,
    objectNumbers: new WeakMap(),
    objectCount: 0,
    forget(imdsBase, identity) {
      const owner = ownerKey(imdsBase, identity);
      const isOwn = (key: string) => key.startsWith(owner);
      tokens.deleteWhere(isOwn);
      bindings.deleteWhere(isOwn);
    },
  };
}

/** Tells objects that applications were configured with apart. */
export function objectNumber(state: SharedState, object: object): number {
  const known = state.objectNumbers.get(object);
  if (known !== undefined) return known;
  state.objectCount += 1;
  state.objectNumbers.set(object, state.objectCount);
  return state.objectCount;
}
