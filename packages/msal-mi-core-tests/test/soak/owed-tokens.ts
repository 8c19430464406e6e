/**
 * What callers were promised: while a token that was obtained is within its life and its certificate was not successfully
 * replaced, no call for it fails and none goes to the network.
 */
import type { MtlsPopAuthenticationResult } from 'core/public-types.js';
import type { Clock } from 'core/ports.js';

/** More than what the cache keeps back of a token, and what the delays of retries let pass during a round of calls. */
const MARGIN_MS = 30 * 60_000;

interface Obtained {
  readonly clientId: string;
  readonly resource: string;
  readonly x5tS256: string;
  /** Of the token or its certificate, whichever ends first. */
  readonly expiresAtMs: number;
  /** What the wall clock had been set back by when the token came. */
  readonly setBackMs: number;
}

export class OwedTokens {
  /** Promises that were not kept. */
  readonly broken: Array<Pick<Obtained, 'resource' | 'x5tS256'> & { readonly outcome: string }> = [];
  /** How many calls had a promise that was kept. */
  kept = 0;
  readonly #obtained = new Map<string, Obtained>();
  readonly #refused = new Set<string>();
  /** By certificate: those of the same identity that tokens were issued to after it was refused. */
  readonly #replaced = new Set<string>();
  readonly #missed: Array<{ promise: Obtained; outcome: string }> = [];

  constructor(private readonly clock: Clock) {}

  /** The token that a call is to be answered with, if one is owed. */
  to(clientId: string, resource: string): Obtained | undefined {
    const key = keyOf(clientId, resource);
    const obtained = this.#obtained.get(key);
    if (obtained === undefined) return undefined;
    if (obtained.expiresAtMs - this.#nowFor(obtained) > MARGIN_MS && !this.#replaced.has(obtained.x5tS256)) {
      this.kept += 1;
      return obtained;
    }
    // By the host's clock it is over, and is not owed again when that clock is set back.
    this.#obtained.delete(key);
    return undefined;
  }

  noteObtained(clientId: string, resource: string, result: MtlsPopAuthenticationResult): void {
    if (result.fromCache) return;
    const { x5tS256, notAfter } = result.bindingCertificate;
    const expiresAtMs = Math.min(result.expiresOn.getTime(), notAfter.getTime());
    const setBackMs = this.clock.setBackMs(this.clock.now());
    this.#obtained.set(keyOf(clientId, resource), { clientId, resource, x5tS256, expiresAtMs, setBackMs });
  }

  noteMissed(promise: Obtained | undefined, outcome: string): void {
    if (promise !== undefined) this.#missed.push({ promise, outcome });
  }

  noteRefused(x5tS256: string): void {
    this.#refused.add(x5tS256);
  }

  /** A token was issued to a certificate: what was refused of the same identity is replaced. */
  noteIssued(clientId: string, x5tS256: string): void {
    for (const obtained of this.#obtained.values()) {
      const isReplaced = obtained.clientId === clientId && obtained.x5tS256 !== x5tS256;
      if (isReplaced && this.#refused.has(obtained.x5tS256)) this.#replaced.add(obtained.x5tS256);
    }
  }

  /** To be called when a round of calls has ended and all that was issued is noted. */
  settle(): void {
    for (const { promise, outcome } of this.#missed.splice(0)) {
      this.kept -= 1;
      const { resource, x5tS256 } = promise;
      if (!this.#replaced.has(x5tS256)) this.broken.push({ resource, x5tS256, outcome });
    }
  }

  #nowFor({ setBackMs }: Obtained): number {
    const nowMs = this.clock.now();
    return nowMs + this.clock.setBackMs(nowMs) - setBackMs;
  }
}

const keyOf = (clientId: string, resource: string): string => `${clientId} ${resource}`;
