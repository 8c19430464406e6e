import type { Binding } from '../model.js';
import type { Clock } from '../ports.js';
import { steadyTime } from '../time/clock.js';

const HOUR_MS = 3_600_000;
/** A binding is reused for new tokens while more than this remains: a bound token may live that long (D17). */
const MIN_REMAINING_MS = 24 * HOUR_MS;
/** One that was issued with less than this is reused for half of its life: it must not turn every call into a mint. */
const SHORT_LIFE_MS = 48 * HOUR_MS;
const RENEWAL_FRACTION = 0.5;
const RENEWAL_JITTER = 0.05;
/** After a renewal that failed, and up to so many times longer: what an ill service missed must not come at once. */
const RENEWAL_RETRY_MS = 10 * 60_000;
const RENEWAL_RETRY_JITTER = 14;
/** Of what is left of the certificate, at most: one of few hours is tried again before it ends. */
const LONGEST_RENEWAL_RETRY = 0.25;
/** A certificate that took the place of a refused one is not replaced for what may be the connection's fault. */
const YOUNG_MS = 10 * 60_000;
/** As many renewals and replacements as fit into the life of a token, and then some. */
const MAX_PREDECESSORS = 8;

/** What may be done with a binding until when (D17). Milliseconds since the epoch. */
export interface BindingLife {
  /** New tokens are requested with it until then. */
  readonly reusableUntilMs: number;
  /** A successor is wanted from then on. */
  readonly renewAfterMs: number;
}

/**
 * The certificate decides the jitter of its renewal: were it another one in each process that shares the certificate, the
 * earliest would renew for all, and the more processes the machines of a fleet have, the closer together would they come.
 *
 * @param issuedAtMs - When it was issued; of one that was stored, as its certificate says.
 */
export function lifeOf({ notBeforeMs, usableUntilMs, certificate }: Binding, issuedAtMs: number): BindingLife {
  const issuedForMs = usableUntilMs - Math.max(notBeforeMs, issuedAtMs);
  const keptBackMs = issuedForMs < SHORT_LIFE_MS ? Math.max(issuedForMs, 0) / 2 : MIN_REMAINING_MS;
  const share = Buffer.from(certificate.x5tS256, 'base64url').readUInt32BE() / 2 ** 32;
  const fraction = RENEWAL_FRACTION + RENEWAL_JITTER * share;
  return {
    reusableUntilMs: usableUntilMs - keptBackMs,
    renewAfterMs: notBeforeMs + (usableUntilMs - notBeforeMs) * fraction,
  };
}

/** What is kept for one binding key. */
export interface KeptBindings {
  /** The latest binding, whatever remains of it: tokens that were bound to it are looked up with it. */
  readonly current: Binding;
  /** Those before it, the latest first: their tokens stay good until they or the certificate expire. */
  readonly predecessors: readonly Binding[];
  /** When a successor of the latest one is wanted. */
  readonly renewAfterMs: number;
}
interface Slot extends KeptBindings {
  readonly reusableUntilMs: number;
  /** When a renewal may be tried next, on the monotonic clock. */
  mayRenewAtMs: number;
}

/**
 * What time it is for a binding: no step back of the wall clock since it was received lengthens its life (D35).
 *
 * @param steadyMs - {@link steadyTime}.
 */
export function timeOf({ setBackMs }: Binding, steadyMs: number): number {
  return steadyMs - setBackMs;
}

/** Bindings in memory, one current one per key. */
export class BindingCache {
  readonly #slots = new Map<string, Slot>();
  /** Bindings that took the place of refused ones, and when. */
  readonly #replacements = new WeakMap<Binding, number>();
  #revision = 0;

  /** Another number whenever what is kept for a key has changed: whoever looked before need not look again until then. */
  get revision(): number {
    return this.#revision;
  }

  kept(key: string): KeptBindings | undefined {
    return this.#slots.get(key);
  }

  /** The binding that new tokens may be requested with. */
  reusable(key: string, steadyMs: number): Binding | undefined {
    const slot = this.#slots.get(key);
    return slot !== undefined && timeOf(slot.current, steadyMs) < slot.reusableUntilMs ? slot.current : undefined;
  }

  /** A successor that is due itself waits until its claimed renewal may be tried again, else every call would renew. */
  set(key: string, binding: Binding, life: BindingLife, steadyMs: number): void {
    const slot = this.#slots.get(key);
    const isUsed = (other: Binding) => other !== binding && other.notAfterMs > timeOf(other, steadyMs);
    const before = slot === undefined ? [] : [slot.current, ...slot.predecessors];
    this.#revision += 1;
    this.#slots.set(key, {
      current: binding,
      predecessors: before.filter(isUsed).slice(0, MAX_PREDECESSORS),
      reusableUntilMs: life.reusableUntilMs,
      renewAfterMs: life.renewAfterMs,
      mayRenewAtMs: slot?.mayRenewAtMs ?? -Infinity,
    });
  }

  /** True when the reusable binding is due for renewal: for one caller, and for the next one only after a while. */
  claimRenewal(key: string, clock: Clock): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined || clock.monotonicMs() < slot.mayRenewAtMs) return false;
    const nowMs = timeOf(slot.current, steadyTime(clock));
    if (nowMs < slot.renewAfterMs || nowMs >= slot.current.notAfterMs) return false;
    const pauseMs = RENEWAL_RETRY_MS * (1 + RENEWAL_RETRY_JITTER * clock.random());
    const longestMs = LONGEST_RENEWAL_RETRY * (slot.current.notAfterMs - nowMs);
    slot.mayRenewAtMs = clock.monotonicMs() + Math.min(pauseMs, longestMs);
    return true;
  }

  /** Notes that `binding` took the place of a refused one. */
  markReplacement(binding: Binding, clock: Clock): void {
    this.#replacements.set(binding, clock.monotonicMs());
  }

  /** Whether `binding` took the place of a refused one. */
  isReplacement(binding: Binding): boolean {
    return this.#replacements.has(binding);
  }

  /** Whether it did so a short while ago. */
  isYoungReplacement(binding: Binding, clock: Clock): boolean {
    const sinceMs = this.#replacements.get(binding);
    return sinceMs !== undefined && clock.monotonicMs() - sinceMs < YOUNG_MS;
  }

  /** Forgets a binding, wherever it stands. Those that took its place stay. */
  evict(x5tS256: string): void {
    this.#revision += 1;
    for (const [key, slot] of this.#slots) {
      const [current, ...predecessors] = [slot.current, ...slot.predecessors].filter(
        ({ certificate }) => certificate.x5tS256 !== x5tS256,
      );
      if (current === undefined) this.#slots.delete(key);
      else if (current === slot.current) this.#slots.set(key, { ...slot, predecessors });
      else this.#slots.set(key, { ...slot, current, predecessors, reusableUntilMs: 0 });
    }
  }

  deleteWhere(matches: (key: string) => boolean): void {
    this.#revision += 1;
    for (const key of this.#slots.keys()) if (matches(key)) this.#slots.delete(key);
  }
}
