import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { World } from '../world.js';

/** What an access token is made of. */
export interface AccessTokenRequest {
  audience: string;
  tenantId: string;
  clientId: string;
  objectId: string;
  resourceId: string | undefined;
  /** Certificate to bind the token to (RFC 8705 section 3.1); undefined: a bearer token. */
  thumbprintS256: string | undefined;
  /** Claims to echo besides the emulator's own. */
  requestedClaims: Record<string, unknown>;
}

/** A signed access token and its times, seconds since 1970. */
export interface AccessToken {
  value: string;
  expiresInSeconds: number;
  expiresAtSeconds: number;
  notBeforeSeconds: number;
}

/** Issuer of the access tokens of a tenant. */
export function issuerOf(world: World, tenantId: string): string {
  return `${world.addresses.token}/${tenantId}/v2.0`;
}

/** Whether an issuer is one of this emulator's tenants. */
export function isOwnIssuer(world: World, issuer: string): boolean {
  const { token } = world.addresses;
  return issuer.startsWith(`${token}/`) && /^\/[\w.-]+\/v2\.0$/.test(issuer.slice(token.length));
}

/** Signs an RS256 access token. */
export async function issueAccessToken(world: World, request: AccessTokenRequest): Promise<AccessToken> {
  const issuedAt = Math.floor(world.configuration.now() / 1000);
  const expiresInSeconds = world.configuration.tokenLifetimeSeconds;
  const expiresAtSeconds = issuedAt + expiresInSeconds;
  const value = await world.tokenIssuer.sign({
    ...request.requestedClaims,
    aud: request.audience,
    iss: issuerOf(world, request.tenantId),
    iat: issuedAt,
    nbf: issuedAt,
    exp: expiresAtSeconds,
    appid: request.clientId,
    appidacr: '2',
    azp: request.clientId,
    idtyp: 'app',
    jti: randomUUID(),
    oid: request.objectId,
    sub: request.objectId,
    tid: request.tenantId,
    ver: '2.0',
    ...(request.resourceId === undefined ? {} : { xms_mirid: request.resourceId }),
    ...(request.thumbprintS256 === undefined ? {} : { cnf: { 'x5t#S256': request.thumbprintS256 } }),
  });
  return { value, expiresInSeconds, expiresAtSeconds, notBeforeSeconds: issuedAt };
}

/** Thumbprint of no certificate, for a deliberately wrong confirmation claim. */
export function randomThumbprint(): string {
  return createHash('sha256').update(randomBytes(32)).digest('base64url');
}
