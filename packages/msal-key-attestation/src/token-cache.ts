/** Keeps attestation tokens while they are worth keeping, and lets concurrent callers share one attestation. */
import { jwtLifetime } from './jwt-expiry.js';

/** Source of the current time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A token of the attestation service. */
export interface AttestationToken {
  readonly jwt: string;
  /** The time of receipt when the token does not say: it is good for the call that asked, and no other. */
  readonly expiresOn: Date;
}

/** For which key, at which service. */
export interface TokenCacheRequest {
  readonly endpoint: string;
  /** Differs between two generations of the same named key. Empty: the token is neither kept nor shared. */
  readonly cacheKey: string;
  /** The key's name, which survives its generations. */
  readonly keyName: string;
  /** Drops a kept token first. */
  readonly forceRefresh: boolean;
  readonly signal: AbortSignal | undefined;
}

const REUSED_SHARE_OF_LIFETIME = 0.9;
const GUARD_BEFORE_EXPIRY_MS = 10_000;
const MAX_ENTRIES = 64;

interface Entry {
  readonly token: AttestationToken;
  readonly cacheKey: string;
  readonly keyName: string;
  /** By the wall clock. */
  readonly reusableUntilMs: number;
  /** By a clock that is never set back: a token is not reused for longer than it lives. */
  readonly reusableUntilMonotonicMs: number;
}

interface Flight {
  readonly token: Promise<AttestationToken>;
  waiting: number;
}

/** One cache per provider. */
export class AttestationTokenCache {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The kept token, or the one that `attest` gets. Equal calls that arrive meanwhile wait for the same one.
   * A caller's `signal` detaches that caller only; a token that nobody waits for any more is not kept.
   */
  async get(request: TokenCacheRequest, attest: () => Promise<string>): Promise<AttestationToken> {
    const { cacheKey, signal } = request;
    signal?.throwIfAborted();
    if (cacheKey === '')
      return untilAborted(
        attest().then((jwt) => this.#received(jwt).token),
        signal,
      );

    const id = `${normalizedEndpoint(request.endpoint)}|${cacheKey}`;
    if (request.forceRefresh) this.#entries.delete(id);
    const kept = this.#entries.get(id);
    if (kept !== undefined && this.#isReusable(kept)) return kept.token;

    const flight = this.#flights.get(id) ?? this.#start(id, request, attest);
    flight.waiting += 1;
    try {
      return await untilAborted(flight.token, signal);
    } finally {
      flight.waiting -= 1;
    }
  }

  #start(id: string, request: TokenCacheRequest, attest: () => Promise<string>): Flight {
    const receive = async (): Promise<AttestationToken> => {
      try {
        const received = this.#received(await attest());
        const { cacheKey, keyName } = request;
        if (flight.waiting > 0) this.#keep(id, { ...received, cacheKey, keyName });
        return received.token;
      } finally {
        this.#flights.delete(id);
      }
    };
    const flight: Flight = { token: Promise.resolve().then(receive), waiting: 0 };
    this.#flights.set(id, flight);
    return flight;
  }

  #received(jwt: string): Omit<Entry, 'cacheKey' | 'keyName'> {
    const receivedAtMs = this.#clock.now();
    const lifetime = jwtLifetime(jwt);
    const untilMs = lifetime === undefined ? -Infinity : reusableUntilMs(lifetime, receivedAtMs);
    return {
      token: { jwt, expiresOn: new Date(lifetime?.expiresAtMs ?? receivedAtMs) },
      reusableUntilMs: untilMs,
      reusableUntilMonotonicMs: performance.now() + untilMs - receivedAtMs,
    };
  }

  #isReusable({ reusableUntilMs, reusableUntilMonotonicMs }: Entry): boolean {
    return this.#clock.now() < reusableUntilMs && performance.now() < reusableUntilMonotonicMs;
  }

  #keep(id: string, entry: Entry): void {
    for (const [otherId, other] of this.#entries) {
      // Another key of the same name is a former generation of this one: its tokens attest a key that is gone.
      const isFormerKey = other.keyName === entry.keyName && other.cacheKey !== entry.cacheKey;
      if (isFormerKey || !this.#isReusable(other)) this.#entries.delete(otherId);
    }
    if (!this.#isReusable(entry)) return;
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= MAX_ENTRIES && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(id, entry);
  }
}

/** When a token stops being reused: after 90 % of its lifetime, and 10 s before its expiry at the latest. */
export function reusableUntilMs(
  lifetime: { readonly expiresAtMs: number; readonly issuedAtMs: number | undefined },
  receivedAtMs: number,
): number {
  const fromMs = lifetime.issuedAtMs ?? receivedAtMs;
  const lifetimeMs = lifetime.expiresAtMs - fromMs;
  if (lifetimeMs <= 0) return -Infinity;
  return Math.min(fromMs + REUSED_SHARE_OF_LIFETIME * lifetimeMs, lifetime.expiresAtMs - GUARD_BEFORE_EXPIRY_MS);
}

/** In time that is proportional to the length: the end begins where no slash is before it. */
export function normalizedEndpoint(endpoint: string): string {
  return new URL(endpoint).href.replace(/(?<!\/)\/+$/, '');
}

/** Settles like `promise`, or rejects with the signal's reason as soon as that is aborted. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    // The reason is the caller's and passes through unwrapped, whatever it is.
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
