import type { Binding } from '../model.js';
import type { Clock } from '../ports.js';

/** A binding is reused for new tokens while more than this remains of its certificate (D17). */
export const MIN_REMAINING_MS = 24 * 3_600_000;
const RENEWAL_RETRY_MS = 10 * 60_000;

/** What is kept for one binding key. */
export interface KeptBindings {
  /** The latest binding, whatever remains of it: tokens that were bound to it are looked up with it. */
  readonly current: Binding;
  /** The binding that a renewal replaced: its tokens stay good until they expire. */
  readonly superseded: Binding | undefined;
  /** When a renewal may be tried next. */
  readonly renewAfterMs: number;
}
type Slot = { -readonly [Member in keyof KeptBindings]: KeptBindings[Member] };

/** Bindings in memory, one current one per key. Never handed out as reusable when less than 24 h remain. */
export class BindingCache {
  readonly #slots = new Map<string, Slot>();

  kept(key: string): KeptBindings | undefined {
    return this.#slots.get(key);
  }

  reusable(key: string, nowMs: number): Binding | undefined {
    const binding = this.#slots.get(key)?.current;
    return binding !== undefined && binding.notAfterMs - nowMs > MIN_REMAINING_MS ? binding : undefined;
  }

  /** A successor that is due itself waits until its claimed renewal may be tried again, else every call would renew. */
  set(key: string, binding: Binding, renewAfterMs: number): void {
    const slot = this.#slots.get(key);
    this.#slots.set(key, {
      current: binding,
      superseded: slot?.current === binding ? undefined : slot?.current,
      renewAfterMs: Math.max(renewAfterMs, slot?.renewAfterMs ?? renewAfterMs),
    });
  }

  /** True when the reusable binding is due for renewal: for one caller, and for the next one only after a while. */
  claimRenewal(key: string, clock: Clock): boolean {
    const nowMs = clock.now();
    const slot = this.#slots.get(key);
    if (slot === undefined || nowMs < slot.renewAfterMs || this.reusable(key, nowMs) === undefined) return false;
    slot.renewAfterMs = nowMs + RENEWAL_RETRY_MS * (1 + clock.random());
    return true;
  }

  /** Forgets `binding`, wherever it stands. A binding that replaced it meanwhile stays. */
  evict(key: string, binding: Binding): void {
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    if (slot.current === binding) this.#slots.delete(key);
    else if (slot.superseded === binding) slot.superseded = undefined;
  }

  deleteWhere(matches: (key: string) => boolean): void {
    for (const key of this.#slots.keys()) if (matches(key)) this.#slots.delete(key);
  }
}
