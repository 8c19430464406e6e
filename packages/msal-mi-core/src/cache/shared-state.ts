import type { ManagedIdentity } from '../model.js';
import type { ManagedIdentityCapabilities } from '../public-types.js';
import type { Platform } from '../ports.js';
import type { Pause } from './backoff.js';
import { isFlightOf, ownerKey } from './cache-key.js';
import { BindingCache } from './binding-cache.js';
import { SingleFlight } from './single-flight.js';
import { TokenCache } from './token-cache.js';

/** Everything that instances and copies of this library share in one process. */
export interface SharedState {
  readonly tokens: TokenCache;
  readonly bindings: BindingCache;
  readonly flights: SingleFlight;
  /** Throttle key -> end of the wait, on the monotonic clock. */
  readonly throttled: Map<string, number>;
  /** What failed and is not tried again for a while. */
  readonly pauses: Map<string, Pause>;
  /** {@link discoveryKey} -> what a capability query found there. */
  readonly discovered: Map<string, DiscoveredSource>;
  /** Keys live here, so that the ESM and the CommonJS copy sign with the same one. */
  platform: Platform | undefined;
  /** Tells objects that applications were configured with apart. */
  readonly objectNumbers: WeakMap<object, number>;
  objectCount: number;
  /** Forgets the tokens and bindings of an identity, and what work in flight will bring of them. Keys stay. */
  forget(imdsBase: string, identity: ManagedIdentity): void;
}

/**
 * What a capability query learned of IMDS. Only an answer of 404 proves that a version is not there (D4): `nothing` means
 * that both answered so, `not-known` that version 2 failed in a way that may pass.
 */
export type Finding = 'version-2' | 'version-1-only' | 'nothing' | 'not-known';

/** The outcome of a capability query, without what can change by installing a package. */
export interface DiscoveredSource {
  readonly capabilities: Omit<ManagedIdentityCapabilities, 'attestation'>;
  readonly finding: Finding;
  /** On the monotonic clock. */
  readonly foundAtMs: number;
}

/** A new state, shared with nobody yet. */
export function createSharedState(): SharedState {
  const tokens = new TokenCache();
  const bindings = new BindingCache();
  const pauses = new Map<string, Pause>();
  const flights = new SingleFlight();
  return {
    tokens,
    bindings,
    flights,
    throttled: new Map(),
    pauses,
    discovered: new Map(),
    platform: undefined,
    objectNumbers: new WeakMap(),
    objectCount: 0,
    forget(imdsBase, identity) {
      const owner = ownerKey(imdsBase, identity);
      const isOwn = (key: string) => key.startsWith(owner);
      tokens.deleteWhere(isOwn);
      bindings.deleteWhere(isOwn);
      for (const key of pauses.keys()) if (isOwn(key)) pauses.delete(key);
      flights.forgetWhere((key) => isFlightOf(owner, key));
    },
  };
}
