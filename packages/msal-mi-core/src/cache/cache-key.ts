/** Every cache key of the product, side by side. NUL separates parts: no part can contain it. */
import type { ManagedIdentity, TokenRequest } from '../model.js';
import type { MtlsBindingStrength } from '../public-types.js';

const SEPARATOR = '\0';

/** What all keys of one application begin with: the IMDS base and the identity (D17, D25). */
export function ownerKey(imdsBase: string, identity: ManagedIdentity): string {
  return [imdsBase, identity.kind, identity.id].join(SEPARATOR) + SEPARATOR;
}

/** IMDS base, identity type and id, attested flag, strength (D17). */
export function bindingKey(owner: string, attested: boolean, strength: MtlsBindingStrength): string {
  return `${owner}${attested ? 'attested' : 'unattested'}${SEPARATOR}${strength}`;
}

/** The part of a token's key that is fixed for an application and a binding. */
export function tokenKeyPrefix(bindingOfToken: string, capabilities: readonly string[]): string {
  return `${bindingOfToken}${SEPARATOR}mtls_pop${SEPARATOR}${JSON.stringify(capabilities)}${SEPARATOR}`;
}

/**
 * (D25) IMDS base, identity, tenant, resource, token type, strength, floor, attested, claimsFromClient,
 * capabilities and the SHA-256 of the full certificate.
 */
export function tokenKey(
  prefix: string,
  request: TokenRequest,
  bound: { readonly tenantId: string; readonly x5tS256: string },
): string {
  return (
    `${prefix}${bound.x5tS256}${SEPARATOR}${bound.tenantId}${SEPARATOR}${request.minStrength}${SEPARATOR}` +
    `${request.resource}${SEPARATOR}${request.claimsFromClient ?? ''}`
  );
}

/** Equal calls share one flight: everything that distinguishes the request, before a binding is known. */
export function tokenFlightKey(owner: string, request: TokenRequest, capabilities: readonly string[]): string {
  return [
    'token',
    owner,
    request.attested,
    request.minStrength,
    request.resource,
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

/** What distinguishes the tokens of an application that authenticates by bound assertion (D31). */
export interface AssertedTokenParts {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope: string;
  readonly tokenType: 'mtls_pop' | 'Bearer';
  readonly capabilities: readonly string[];
  readonly claimsFromClient: string | undefined;
  /** Of the assertion's certificate: it also stands for the identity, its strength and its attestation. */
  readonly x5tS256: string;
}

export function assertedTokenKey(parts: AssertedTokenParts): string {
  return [
    'asserted',
    parts.tokenUrl,
    parts.clientId,
    parts.scope,
    parts.tokenType,
    JSON.stringify(parts.capabilities),
    parts.x5tS256,
    parts.claimsFromClient ?? '',
  ].join(SEPARATOR);
}

/** Equal calls of one client share one exchange. */
export function assertedFlightKey(
  tokenKey: string,
  request: { claims: string | undefined; skipCache: boolean },
): string {
  return [tokenKey, request.skipCache, request.claims ?? ''].join(SEPARATOR);
}

/** Name under which a certificate is persisted: the identity, and whether its key was attested. */
export function certificateAlias(imdsBase: string, identity: ManagedIdentity, attested: boolean): string {
  return [imdsBase, identity.kind, identity.id, attested ? 'att=1' : 'att=0'].join('#');
}

/** Identical token requests are throttled together (D24). */
export function throttleKey(parts: { readonly tokenUrl: string; readonly form: URLSearchParams }): string {
  const form = new URLSearchParams(parts.form);
  form.delete('client_assertion'); // A fresh assertion does not make the request another one.
  form.sort();
  return `${parts.tokenUrl}${SEPARATOR}${form.toString()}`;
}
