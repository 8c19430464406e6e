/** Every cache key of the product, side by side. NUL separates parts: no part can contain it. */
import { createHash } from 'node:crypto';
import type { Binding, ManagedIdentity, TokenDemand, TokenRequest, TokenType } from '../model.js';
import type { MtlsBindingStrength } from '../public-types.js';

const SEPARATOR = '\0';

/** What all keys of one application begin with: the IMDS base and the identity (D17, D25). */
export function ownerKey(imdsBase: string, identity: ManagedIdentity): string {
  return [imdsBase, identity.kind, identity.id].join(SEPARATOR) + SEPARATOR;
}

/** D17: IMDS base, identity type and id, attested flag, strength. */
export function bindingKey(owner: string, attested: boolean, strength: MtlsBindingStrength): string {
  return `${owner}${attested ? 'attested' : 'unattested'}${SEPARATOR}${strength}`;
}

/**
 * What the keys of work in flight begin with: equal for applications that shared work serves equally well, because every
 * setting it depends on is the same (D28).
 *
 * @param settings - Those settings, as JSON writes them.
 */
export function flightOwnerKey(owner: string, settings: readonly unknown[]): string {
  return owner + createHash('sha256').update(JSON.stringify(settings)).digest('base64url');
}

/** The part of a token's key that is fixed for an application and a binding. */
export function tokenKeyPrefix(bindingOfToken: string, capabilities: readonly string[]): string {
  return `${bindingOfToken}${SEPARATOR}${JSON.stringify(capabilities)}${SEPARATOR}`;
}

/**
 * D25: IMDS base, identity, tenant, resource, token type, strength, floor, attested, claimsFromClient,
 * capabilities and the SHA-256 of the full certificate.
 */
export function tokenKey(
  prefix: string,
  request: TokenRequest,
  bound: { readonly tenantId: string; readonly x5tS256: string },
): string {
  return (
    `${prefix}${request.tokenType}${SEPARATOR}${bound.x5tS256}${SEPARATOR}${bound.tenantId}${SEPARATOR}` +
    `${request.minStrength}${SEPARATOR}` +
    `${request.resource}${SEPARATOR}${request.claimsFromClient ?? ''}`
  );
}

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
    private readonly tokens: { keptKey(key: string): string },
  ) {}

  of(request: TokenRequest): string {
    if (request.claimsFromClient !== undefined || request.tokenType !== 'mtls_pop') return this.#build(request);
    const keys = (this.#known[request.minStrength] ??= new Map<string, string>());
    let key = keys.get(request.resource);
    if (key === undefined) {
      if (keys.size >= MAX_KEYS) keys.clear();
      key = this.tokens.keptKey(this.#build(request));
      keys.set(request.resource, key);
    }
    return key;
  }

  #build(request: TokenRequest): string {
    const { tenantId, certificate } = this.binding;
    return tokenKey(this.prefix, request, { tenantId, x5tS256: certificate.x5tS256 });
  }
}

/** Equal calls share one flight: everything that distinguishes the request, before a binding is known. */
export function tokenFlightKey(owner: string, request: TokenRequest, capabilities: readonly string[]): string {
  return [
    'token',
    owner,
    request.attested,
    request.minStrength,
    request.resource,
    request.tokenType,
    request.forceRefresh,
    // One that must fail with its certificate fails nobody who may have it replaced.
    request.replacement?.isUsed === true,
    JSON.stringify(capabilities),
    JSON.stringify([request.claims ?? '', request.claimsFromClient ?? '']),
  ].join(SEPARATOR);
}

/** One mint per binding, whatever the floors; a re-mint is another one for each certificate that was refused. */
export function mintFlightKey(owner: string, attested: boolean, rejectedX5tS256: string | undefined): string {
  return ['mint', owner, attested, rejectedX5tS256 ?? ''].join(SEPARATOR);
}

/** Whether work in flight brings tokens or bindings of `owner`. */
export function isFlightOf(owner: string, flightKey: string): boolean {
  return ['token', 'mint'].some((kind) => flightKey.startsWith(kind + SEPARATOR + owner));
}

/** What distinguishes the tokens of an application that authenticates by bound assertion (D31). */
export interface AssertedToken {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope: string;
  readonly tokenType: TokenType;
  readonly capabilities: readonly string[];
  readonly claimsFromClient: string | undefined;
  /** Of the assertion's certificate: it also stands for the identity, its strength and its attestation. */
  readonly x5tS256: string;
}

export function assertedTokenKey(token: AssertedToken): string {
  return [
    'asserted',
    token.tokenUrl,
    token.clientId,
    token.scope,
    token.tokenType,
    JSON.stringify(token.capabilities),
    token.x5tS256,
    token.claimsFromClient ?? '',
  ].join(SEPARATOR);
}

/** The pair of a binding key and an audience: whose refusals have to do with one another (D22). */
export function audienceKey(
  binding: string,
  { resource, tokenType }: Pick<TokenDemand, 'resource' | 'tokenType'>,
): string {
  return [binding, 'audience', tokenType, resource].join(SEPARATOR);
}

/** Equal calls of one client share one exchange. */
export function assertedFlightKey(
  tokenKey: string,
  request: { claims: string | undefined; forceRefresh: boolean },
): string {
  return [tokenKey, request.forceRefresh, request.claims ?? ''].join(SEPARATOR);
}

/** Name under which a certificate is persisted: the identity, and whether its key was attested. */
export function certificateAlias(imdsBase: string, identity: ManagedIdentity, attested: boolean): string {
  return [imdsBase, identity.kind, identity.id, attested ? 'att=1' : 'att=0'].join('#');
}

/** D24: identical token requests are throttled together. A digest: the form holds the claims of the request. */
export function throttleKey(parts: { readonly tokenUrl: string; readonly form: URLSearchParams }): string {
  const form = new URLSearchParams(parts.form);
  form.delete('client_assertion'); // A fresh assertion does not make the request another one.
  form.sort();
  return createHash('sha256').update(`${parts.tokenUrl}${SEPARATOR}${form.toString()}`).digest('base64url');
}
