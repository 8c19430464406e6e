import type { X509Certificate } from 'node:crypto';
import type { ResourceRefusalName } from '../faults/fault-types.js';
import type { Exchange, Service } from '../http/exchange.js';
import type { World } from '../world.js';
import { CERTIFICATE_REFUSALS } from './certificate-refusals.js';
import { encodeClaims, requiredClaimOf, satisfies } from './claims-challenge.js';
import { authorizationUri, protectionsOf } from './protections.js';
import { requestCertificate } from './renegotiate.js';
import type { ResourceName, ResourceRouter } from './resource-router.js';
import { verifyBearerToken, verifyBoundToken } from './verify-token.js';

/** Enough for a blob of 8 MiB in one piece. */
const MOST_BODY_BYTES = 16 * 1024 * 1024;

/**
 * A protected resource. `handshake` has the certificate from the TLS handshake, as Microsoft Graph's token binding host;
 * `vault` asks for it by renegotiation when the request says `x-ms-tokenboundauth: true`, as Key Vault; `arm` takes bearer tokens
 * only, as Azure Resource Manager.
 */
export function createResourceService(name: ResourceName, router: ResourceRouter, world: World): Service {
  const origin = world.addresses[name];
  const protectionOf = protectionsOf(name, world);
  return {
    faultLeg: () => 'resource',
    mostBodyBytes: MOST_BODY_BYTES,
    refuse: (refusal, { path }) => protectionOf(path).refuse(CERTIFICATE_REFUSALS[refusal as ResourceRefusalName]),
    async answer(exchange) {
      const { scheme, audiences, refuse } = protectionOf(exchange.path);
      const certificate = await certificateOf(exchange, name);
      const { authorization } = exchange.headers;
      const verified =
        scheme === 'Bearer'
          ? verifyBearerToken(authorization, audiences, world)
          : verifyBoundToken(authorization, certificate, audiences, world);
      if ('reason' in verified) {
        const answer = refuse(verified);
        // A client that was asked for a certificate and had none would be asked again on the same connection, without end.
        return certificate ? answer : { ...answer, headers: { ...answer.headers, Connection: 'close' } };
      }
      const required = requiredClaimOf(exchange);
      if (required && !satisfies(verified.claims, required)) {
        const parameters = `error="insufficient_claims", claims="${encodeClaims(required)}"`;
        const message = `the token has no ${required.name} with the demanded value`;
        const answer = refuse({ reason: 'insufficient_claims', message });
        const header = `Bearer realm="", authorization_uri="${authorizationUri(world)}", ${parameters}`;
        return { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': header } };
      }
      return router.answer({ exchange, caller: verified, resource: name, origin, world });
    },
  };
}

async function certificateOf(exchange: Exchange, name: ResourceName): Promise<X509Certificate | undefined> {
  if (name !== 'vault' || !exchange.tlsSocket) return exchange.peerCertificate;
  const isTokenBound = exchange.headers['x-ms-tokenboundauth']?.toString().toLowerCase() === 'true';
  return isTokenBound ? requestCertificate(exchange.tlsSocket) : exchange.peerCertificate;
}
