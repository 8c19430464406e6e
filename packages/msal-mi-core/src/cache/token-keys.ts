import type { Binding, TokenRequest } from '../model.js';
import type { MtlsBindingStrength } from '../types.js';
import { tokenKey } from './cache-key.js';

/** As many as there are tokens in the cache. */
const MAX_KEYS = 20_000;

/** Keys by resource. */
type KnownKeys = Map<string, string>;

/**
 * The keys of an application's tokens. A key is built once and found again by binding, floor and resource: building and
 * hashing some 300 characters would be most of the cost of a cached acquisition.
 */
export class TokenKeys {
  /** For each binding by floor: a request with a higher floor must not meet a token that was asked for with a lower one. */
  readonly #known = new WeakMap<Binding, Array<KnownKeys | undefined>>();

  constructor(private readonly prefix: string) {}

  of(request: TokenRequest, binding: Binding): string {
    if (request.claimsFromClient !== undefined) return this.#build(request, binding);
    const keys = this.#knownFor(binding, request.minStrength);
    let key = keys.get(request.resource);
    if (key === undefined) {
      if (keys.size >= MAX_KEYS) keys.clear();
      key = this.#build(request, binding);
      keys.set(request.resource, key);
    }
    return key;
  }

  #knownFor(binding: Binding, floor: MtlsBindingStrength): KnownKeys {
    let byFloor = this.#known.get(binding);
    if (byFloor === undefined) {
      byFloor = [];
      this.#known.set(binding, byFloor);
    }
    return (byFloor[floor] ??= new Map<string, string>());
  }

  #build(request: TokenRequest, binding: Binding): string {
    return tokenKey(this.prefix, request, { tenantId: binding.tenantId, x5tS256: binding.certificate.x5tS256 });
  }
}
