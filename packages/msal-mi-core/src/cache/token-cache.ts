import type { AccessToken, Binding } from '../model.js';
import type { Clock } from '../ports.js';
import { steadyTime } from '../time/clock.js';
import { timeOf } from './binding-cache.js';

/** A token together with the binding it was issued for. */
export interface CachedToken {
  readonly token: AccessToken;
  readonly binding: Binding;
  /** What the wall clock had been set back by, in all, when the token was received (D35). */
  readonly setBackMs: number;
  readonly key: string;
}

/** A token is handed out while more than this remains of it (D25). */
const EXPIRY_MARGIN_MS = 5 * 60_000;
const MAX_ENTRIES = 20_000;

/** Tokens in memory. A look-up costs the same whatever the number of tokens; the number is bounded. */
export class TokenCache {
  readonly #entries = new Map<string, CachedToken>();

  /**
   * The token, unless it is about to expire or its certificate has expired. Drops what is expired.
   *
   * @param steadyMs - {@link steadyTime}, which a caller reads once.
   */
  get(key: string, steadyMs: number): CachedToken | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (isUsable(entry, steadyMs)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  /**
   * The string of the cache that equals `key`, if there is one: looking for the very same string compares two references,
   * looking for an equal one some 300 characters.
   */
  keptKey(key: string): string {
    return this.#entries.get(key)?.key ?? key;
  }

  set(key: string, received: Pick<CachedToken, 'token' | 'binding'>, clock: Clock): void {
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#makeRoom(clock);
    this.#entries.set(key, { ...received, key, setBackMs: clock.setBackMs(clock.now()) });
  }

  deleteWhere(matches: (key: string, entry: CachedToken) => boolean): void {
    for (const [key, entry] of this.#entries) if (matches(key, entry)) this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Expired entries go first; when there are none, the oldest tenth goes, so that the sweep is rare. */
  #makeRoom(clock: Clock): void {
    const steadyMs = steadyTime(clock);
    this.deleteWhere((_key, entry) => !isUsable(entry, steadyMs));
    if (this.#entries.size < MAX_ENTRIES) return;
    let surplus = MAX_ENTRIES / 10;
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      surplus -= 1;
      if (surplus === 0) return;
    }
  }
}

function isUsable({ token, binding, setBackMs }: CachedToken, steadyMs: number): boolean {
  const nowMs = steadyMs - setBackMs;
  return token.expiresAtMs - nowMs > EXPIRY_MARGIN_MS && binding.notAfterMs > timeOf(binding, steadyMs);
}
