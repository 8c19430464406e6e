import { createHash } from 'node:crypto';
import { REPLACE_BINDING } from '../mtls-fetch/application-members.js';
import type { ManagedIdentityApplication } from '../index.js';
import type { MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';

const MAX_TOKENS = 1000;

/** A token that was handed to the SDK, and what belongs to it. */
export interface BoundToken {
  readonly result: MtlsPopAuthenticationResult;
  readonly request: MtlsPopRequestParams;
  /** True for one that took the place of a token whose certificate was refused. */
  readonly isReplacement: boolean;
}

/** Which certificate belongs to which token. Keyed by digest: a table of tokens would be worth stealing. */
export class BoundTokens {
  readonly #application: ManagedIdentityApplication;
  readonly #byDigest = new Map<string, BoundToken>();

  constructor(application: ManagedIdentityApplication) {
    this.#application = application;
  }

  remember(result: MtlsPopAuthenticationResult, request: MtlsPopRequestParams): void {
    const digest = digestOf(result.accessToken);
    if (this.#byDigest.has(digest)) return;
    this.#drop((token) => token.result.expiresOn.getTime() < Date.now());
    this.#set(digest, { result, request: withoutOccasion(request), isReplacement: false });
  }

  find(token: string): BoundToken | undefined {
    return this.#byDigest.get(digestOf(token));
  }

  /**
   * Has the certificate of a token replaced. The SDK keeps its token until it expires, so from now on the new pair of
   * token and certificate stands for it.
   *
   * @returns True when another pair stands for the token now; false when the refused one was a replacement itself.
   */
  async replace(token: string, refused: BoundToken): Promise<boolean> {
    if (this.find(token) !== refused) return true;
    if (refused.isReplacement) return false;
    const result = await this.#application[REPLACE_BINDING](refused.request, refused.result.binding);
    this.#set(digestOf(token), { result, request: refused.request, isReplacement: true });
    return true;
  }

  #set(digest: string, token: BoundToken): void {
    this.#byDigest.delete(digest);
    this.#byDigest.set(digest, token);
    const [oldest] = this.#byDigest.keys();
    if (this.#byDigest.size > MAX_TOKENS && oldest !== undefined) this.#byDigest.delete(oldest);
  }

  #drop(matches: (token: BoundToken) => boolean): void {
    for (const [digest, token] of this.#byDigest) if (matches(token)) this.#byDigest.delete(digest);
  }
}

const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Repeatable at any time: neither the signal nor the challenge of one call. */
function withoutOccasion(request: MtlsPopRequestParams): MtlsPopRequestParams {
  const repeatable = { ...request };
  delete repeatable.signal;
  delete repeatable.claims;
  return repeatable;
}
