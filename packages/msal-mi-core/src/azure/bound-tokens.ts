import { randomUUID } from 'node:crypto';
import type { HostCheck } from '../mtls-fetch/allowed-hosts.js';
import { REPLACE_BINDING, REPLACEMENT_ACCEPTED, WITH_CAPABILITY } from '../mtls-fetch/application-members.js';
import type { TokenApplication } from '../mtls-fetch/token-application.js';
import type { MtlsBindingContext, MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';

/**
 * What every stand-in begins with: whoever finds one in a place where a token should be, reads what it is. The arrow keeps
 * HTTP clients from sending one: it is not allowed in a header.
 */
const STAND_IN = 'certificate-bound-token:only-withMtlsPop-of-msal-mi-core-can-send-it';
const UNSENDABLE = '\u2192';

/** The SDK may use a token for a little longer than it lives. */
const KEPT_AFTER_EXPIRY_MS = 5 * 60_000;
const SWEEP_EVERY_MS = 60_000;
const CAE = 'cp1';

/** True for text with a stand-in in it, also after `encodeURIComponent`. */
export function holdsStandIn(text: string): boolean {
  return text.includes(STAND_IN) || text.includes(encodeURIComponent(STAND_IN));
}

/** What stands behind a string that was handed to the SDK. */
export interface BoundToken {
  readonly standIn: string;
  /** Repeatable at any time: neither the signal nor the challenge of one call. */
  readonly request: MtlsPopRequestParams;
  /** The one that the present token is from: only it can replace the certificate. */
  application: TokenApplication;
  /** Throws for a URL that must not receive the token. */
  readonly checkHost: HostCheck;
  /** The present token, and the certificate that belongs to it. */
  result: MtlsPopAuthenticationResult;
  /** What was refused, while no server has accepted the certificate that took its place. */
  untriedFor: MtlsBindingContext | undefined;
}

/**
 * The tokens of one credential. The SDK gets stand-ins: a string of no use to anything but the transport of the credential,
 * which finds the token and its certificate by it.
 */
export class BoundTokens {
  readonly #byStandIn = new Map<string, BoundToken>();
  readonly #byToken = new Map<string, BoundToken>();
  readonly #now: () => number;
  #sweepAtMs = 0;

  /** @param now - The wall clock, in ms. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The stand-in for a result: always the same for the same token. */
  remember(
    result: MtlsPopAuthenticationResult,
    { request, application, checkHost }: Pick<BoundToken, 'request' | 'application' | 'checkHost'>,
  ): string {
    const known = this.#byToken.get(result.accessToken);
    if (known !== undefined) return known.standIn;
    this.#sweep();
    const token: BoundToken = {
      standIn: `${STAND_IN}${UNSENDABLE}${randomUUID()}`,
      ...{ request: withoutOccasion(request), application, checkHost, result },
      untriedFor: undefined,
    };
    this.#byStandIn.set(token.standIn, token);
    this.#byToken.set(result.accessToken, token);
    return token.standIn;
  }

  find(standIn: string): BoundToken | undefined {
    return this.#byStandIn.get(standIn);
  }

  /**
   * Has the certificate of a token replaced. The SDK keeps its string until the token expires, so from now on the new pair of
   * token and certificate stands behind it.
   *
   * @returns True when another pair stands behind it now; false when the refused one is a replacement that no server has
   *   accepted: then it is not the certificate.
   */
  async replace(token: BoundToken, refused: MtlsPopAuthenticationResult): Promise<boolean> {
    if (token.result !== refused) return true;
    if (token.untriedFor !== undefined) return false;
    const result = await token.application[REPLACE_BINDING](token.request, refused.binding);
    this.#point(token, result);
    token.untriedFor = refused.binding;
    return true;
  }

  /** A server took the certificate of a token. */
  accept(token: BoundToken): void {
    const { untriedFor, application, result } = token;
    token.untriedFor = undefined;
    if (untriedFor !== undefined) application[REPLACEMENT_ACCEPTED]?.(untriedFor, result.binding);
  }

  /**
   * Answers a claims challenge with a token that has the claims, which from now on stands behind the string.
   *
   * @returns undefined when the service issued the refused token again.
   */
  async answerChallenge(
    token: BoundToken,
    refused: MtlsPopAuthenticationResult,
    { claims, signal }: { claims: string; signal: AbortSignal },
  ): Promise<MtlsPopAuthenticationResult | undefined> {
    const application = withCae(token.application);
    const result = await application.acquireToken({ ...token.request, claims, signal });
    if (result.accessToken === refused.accessToken) return undefined;
    this.#point(token, result);
    token.application = application;
    return result;
  }

  #point(token: BoundToken, result: MtlsPopAuthenticationResult): void {
    if (this.#byToken.get(token.result.accessToken) === token) this.#byToken.delete(token.result.accessToken);
    token.result = result;
    this.#byToken.set(result.accessToken, token);
  }

  #sweep(): void {
    const nowMs = this.#now();
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_EVERY_MS;
    for (const [standIn, token] of this.#byStandIn) {
      if (token.result.expiresOn.getTime() + KEPT_AFTER_EXPIRY_MS > nowMs) continue;
      this.#byStandIn.delete(standIn);
      this.#byToken.delete(token.result.accessToken);
    }
  }
}

/** The application whose tokens say that their holder answers claims challenges. */
export const withCae = (application: TokenApplication): TokenApplication => application[WITH_CAPABILITY](CAE);

function withoutOccasion(request: MtlsPopRequestParams): MtlsPopRequestParams {
  const repeatable = { ...request };
  delete repeatable.signal;
  delete repeatable.claims;
  return repeatable;
}
