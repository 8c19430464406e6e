/**
 * The keys of an issuer (D36). jose finds the key of a token; when to fetch is decided here, since jose's remote set asks
 * the issuer for every request while it fails, and lets everybody wait for it when its keys are ten minutes old.
 */
import type { JWTVerifyGetKey } from 'jose';
import { fetchKeySet, KeySetFailure } from './fetch-key-set.js';
import { MtlsPopUnavailable } from './refusal.js';

type Jose = typeof import('jose');

/** Keys are renewed behind the back of requests from this age on. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** From the start of one fetch to the next, however many requests ask, and whatever keys their tokens name. */
const PAUSE_MS = 30_000;
const MAX_KEY_SETS = 100;

const keySets = new Map<string, KeySet>();

/** One per URL, so that all requests share the keys and the pauses between attempts to fetch them. */
export function keySetOf(url: URL, jose: Jose): KeySet {
  let keySet = keySets.get(url.href);
  if (keySet === undefined) {
    if (keySets.size >= MAX_KEY_SETS) keySets.clear();
    keySet = new KeySet(url, jose);
    keySets.set(url.href, keySet);
  }
  return keySet;
}

interface Attempt {
  readonly startedAt: Instant;
  /** Never rejects. */
  readonly failure: Promise<KeySetFailure | undefined>;
}

class KeySet {
  readonly #url: URL;
  readonly #jose: Jose;
  #known: { readonly find: JWTVerifyGetKey; readonly fetchedAt: Instant } | undefined;
  #lastAttempt: Attempt | undefined;

  constructor(url: URL, jose: Jose) {
    this.#url = url;
    this.#jose = jose;
  }

  /**
   * The key of a token. Waits for the issuer only when the key is not known.
   *
   * @param maxAgeMs - Keys that were fetched longer ago are not used.
   * @throws MtlsPopUnavailable, or jose's error for a token whose key is not published.
   */
  async find(maxAgeMs: number, ...token: Parameters<JWTVerifyGetKey>): Promise<Awaited<ReturnType<JWTVerifyGetKey>>> {
    const known = this.#known;
    if (known !== undefined && elapsedMs(known.fetchedAt) < maxAgeMs) {
      if (elapsedMs(known.fetchedAt) >= REFRESH_AFTER_MS) this.#attempt();
      try {
        return await known.find(...token);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_JWKS_NO_MATCHING_KEY') throw error;
      }
      // It may have been published since.
    }
    const find = await this.#renew();
    return find(...token);
  }

  /** @throws MtlsPopUnavailable when the last attempt to fetch the keys failed. */
  async #renew(): Promise<JWTVerifyGetKey> {
    const { startedAt, failure } = this.#attempt();
    const failed = await failure;
    if (failed === undefined && this.#known !== undefined) return this.#known.find;
    throw new MtlsPopUnavailable(
      `The key set at ${this.#url.host} could not be fetched (${failed?.message}).`,
      Math.max(1, Math.ceil((PAUSE_MS - elapsedMs(startedAt)) / 1_000)),
    );
  }

  /** A new attempt, or the last one when that is less than a pause ago. */
  #attempt(): Attempt {
    if (this.#lastAttempt !== undefined && elapsedMs(this.#lastAttempt.startedAt) < PAUSE_MS) return this.#lastAttempt;
    const startedAt = now();
    const failure = fetchKeySet(this.#url)
      .then((keySet) => {
        this.#known = { find: this.#jose.createLocalJWKSet(keySet), fetchedAt: startedAt };
        return undefined;
      })
      .catch((error: unknown) =>
        error instanceof KeySetFailure ? error : new KeySetFailure('the answer is not a key set'),
      );
    this.#lastAttempt = { startedAt, failure };
    return this.#lastAttempt;
  }
}

interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

const now = (): Instant => ({ wallMs: Date.now(), monotonicMs: performance.now() });

/** The clock of the machine may be set back, and the other one stands still while a machine sleeps: the larger step counts. */
function elapsedMs({ wallMs, monotonicMs }: Instant): number {
  return Math.max(Date.now() - wallMs, performance.now() - monotonicMs);
}
