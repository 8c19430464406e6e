import type { X509Certificate } from 'node:crypto';
import type { Answer, Exchange, Service } from '../http/exchange.js';
import { issuerOf } from '../token/access-token.js';
import type { World } from '../world.js';
import { encodeClaims, requiredClaimOf, satisfies } from './claims-challenge.js';
import { requestCertificate } from './renegotiate.js';
import type { ResourceName, ResourceRouter } from './resource-router.js';
import { verifyBoundToken, type Refusal } from './verify-bound-token.js';

/** What the real service of each kind calls itself; accepted besides the resource's own origin. */
const DEFAULT_AUDIENCES: Readonly<Record<ResourceName, string>> = {
  handshake: 'https://graph.microsoft.com',
  vault: 'https://vault.azure.net',
};

/** Enough for a blob of 8 MiB in one piece. */
const MOST_BODY_BYTES = 16 * 1024 * 1024;

/**
 * A protected resource. `handshake` has the certificate from the TLS handshake, as Microsoft Graph's token binding host;
 * `vault` asks for it by renegotiation when the request says `x-ms-tokenboundauth: true`, as Key Vault.
 */
export function createResourceService(name: ResourceName, router: ResourceRouter, world: World): Service {
  const origin = world.addresses[name];
  const audiences = [origin, DEFAULT_AUDIENCES[name], ...world.configuration.audiences[name]];
  return {
    faultLeg: () => 'resource',
    mostBodyBytes: MOST_BODY_BYTES,
    async answer(exchange) {
      const certificate = await certificateOf(exchange, name);
      const verified = verifyBoundToken(exchange.headers.authorization, certificate, audiences, world);
      if ('reason' in verified) {
        const answer = unauthorized(verified, challenge(verified, name, world));
        // A client that was asked for a certificate and had none would be asked again on the same connection, without end.
        return certificate ? answer : { ...answer, headers: { ...answer.headers, Connection: 'close' } };
      }
      const required = requiredClaimOf(exchange);
      if (required && !satisfies(verified.claims, required)) {
        const parameters = `error="insufficient_claims", claims="${encodeClaims(required)}"`;
        const message = `the token has no ${required.name} with the demanded value`;
        const header = `Bearer realm="", authorization_uri="${authorizationUri(world)}", ${parameters}`;
        return unauthorized({ reason: 'insufficient_claims', message }, header);
      }
      return router.answer({ exchange, caller: verified, resource: name, origin, world });
    },
  };
}

async function certificateOf(exchange: Exchange, name: ResourceName): Promise<X509Certificate | undefined> {
  if (name === 'handshake' || !exchange.tlsSocket) return exchange.peerCertificate;
  const isTokenBound = exchange.headers['x-ms-tokenboundauth']?.toString().toLowerCase() === 'true';
  return isTokenBound ? requestCertificate(exchange.tlsSocket) : exchange.peerCertificate;
}

function challenge({ reason, message }: Refusal, name: ResourceName, world: World): string {
  if (reason === 'no_authorization') {
    return `Bearer authorization="${authorizationUri(world)}", resource="${DEFAULT_AUDIENCES[name]}"`;
  }
  return `mtls_pop authorization="${authorizationUri(world)}", error="invalid_token", error_description="${message.replaceAll('"', "'")}"`;
}

function authorizationUri(world: World): string {
  return issuerOf(world, world.configuration.tenantId).replace(/\/v2\.0$/, '');
}

function unauthorized({ reason, message }: Refusal, wwwAuthenticate: string): Answer {
  return {
    status: 401,
    headers: { 'WWW-Authenticate': wwwAuthenticate },
    json: { ok: false, reason, error: { code: 'Unauthorized', message } },
    failure: `${reason}: ${message}`,
  };
}
