import type { Binding, TokenRequest } from '../model.js';
import { tokenKey } from './cache-key.js';

/** As many as there are tokens in the cache. */
const MAX_KEYS = 20_000;

/** Keys by resource. */
type KnownKeys = Map<string, string>;

/**
 * The keys of an application's tokens for one binding. A key is built once and found again by floor and resource:
 * building and hashing some 300 characters would be most of the cost of a cached acquisition.
 */
export class TokenKeys {
  /** By floor: a request with a higher one must not meet a token that was asked for with a lower one. */
  readonly #known: Array<KnownKeys | undefined> = [];

  constructor(
    private readonly prefix: string,
    private readonly binding: Binding,
  ) {}

  of(request: TokenRequest): string {
    if (request.claimsFromClient !== undefined) return this.#build(request);
    const keys = (this.#known[request.minStrength] ??= new Map<string, string>());
    let key = keys.get(request.resource);
    if (key === undefined) {
      if (keys.size >= MAX_KEYS) keys.clear();
      key = this.#build(request);
      keys.set(request.resource, key);
    }
    return key;
  }

  #build(request: TokenRequest): string {
    const { tenantId, certificate } = this.binding;
    return tokenKey(this.prefix, request, { tenantId, x5tS256: certificate.x5tS256 });
  }
}
