import { randomUUID } from 'node:crypto';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import type { Answer, Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import { issueAccessToken, randomThumbprint, type AccessTokenRequest } from './access-token.js';
import { authenticateByAssertion } from './client-assertion.js';
import { correlationHeaders, EntraError } from './entra-error.js';
import { entraRefusal, isOfAudience } from './entra-refusals.js';
import { parseRequestedClaims } from './requested-claims.js';
import {
  invalidRequest,
  parseTokenRequest,
  type AuthenticatedClient,
  type Refuse,
  type TokenRequest,
} from './token-parameters.js';

/**
 * `POST /{tenant}/oauth2/v2.0/token` with the client credentials grant. Without an assertion it is a managed identity: the
 * certificate is the credential, and the token is bound to it, or a plain one when the request says `token_type=bearer`.
 * With an assertion it is leg 2 of a federated credential (D31).
 * @throws EntraError
 */
export async function answerTokenRequest(exchange: Exchange, tenantId: string, world: World): Promise<Answer> {
  const refuse: Refuse = (refusal) => new EntraError(refusal, world.configuration.now());
  const request = parseTokenRequest(exchange, tenantId, world, refuse);
  const client = request.parameters.has('client_assertion_type')
    ? authenticateByAssertion(request, world, refuse)
    : authenticateByCertificate(request, world, refuse);
  const requestedClaims = parseRequestedClaims(request.parameters.get('claims') ?? null);
  if (!requestedClaims) throw refuse(invalidRequest(9002313, 'The claims parameter is not a JSON object.'));
  const isPop = request.tokenType === 'mtls_pop';
  const bearerOnly = [world.addresses.arm, ...world.configuration.bearerOnlyAudiences];
  if (isPop && isOfAudience(request.audience, bearerOnly)) {
    throw refuse(entraRefusal('AADSTS392196', exchange, tenantId, world));
  }
  return answer(exchange, world, isPop, {
    ...client,
    tenantId,
    audience: request.audience,
    requestedClaims,
    thumbprintS256: isPop && request.certificate ? thumbprintS256(request.certificate.raw) : undefined,
  });
}

function authenticateByCertificate(
  { certificate, clientId, tenantId, tokenType }: TokenRequest,
  world: World,
  refuse: Refuse,
): AuthenticatedClient {
  if (!certificate) {
    const message = 'Client authentication is missing: present a client certificate or a client assertion.';
    throw refuse({ error: 'invalid_client', code: 7000218, message });
  }
  const subject = certificate.toLegacyObject().subject as { CN?: unknown; DC?: unknown };
  const identity = world.directory.find('client_id', clientId);
  if (!identity || subject.CN !== identity.clientId) {
    const message = 'The client_id is not the identity that the client certificate was issued to.';
    throw refuse({ error: 'invalid_client', code: 1000612, message });
  }
  if (typeof subject.DC !== 'string' || subject.DC.toLowerCase() !== tenantId.toLowerCase()) {
    const message = 'The tenant is not the one that the client certificate was issued for.';
    throw refuse({ error: 'invalid_client', code: 1000612, message });
  }
  if (tokenType === undefined) {
    throw refuse(invalidRequest(9002313, 'A managed identity must ask for token_type=mtls_pop or token_type=bearer.'));
  }
  return identity;
}

async function answer(exchange: Exchange, world: World, isPop: boolean, request: AccessTokenRequest): Promise<Answer> {
  const { mutate, headers } = exchange;
  const thumbprint = mutate === 'wrong-cnf' ? randomThumbprint() : request.thumbprintS256;
  const token = await issueAccessToken(world, { ...request, thumbprintS256: thumbprint });
  const tokenType = isPop && mutate !== 'bearer-token-type' ? 'mtls_pop' : 'Bearer';
  const { refreshInSeconds } = world.configuration;
  return {
    status: 200,
    headers: correlationHeaders(headers, randomUUID()),
    json: {
      ...(mutate === 'no-token-type' ? {} : { token_type: tokenType }),
      expires_in: token.expiresInSeconds,
      ext_expires_in: token.expiresInSeconds,
      ...(refreshInSeconds === undefined ? {} : { refresh_in: refreshInSeconds }),
      ...(mutate === 'no-access-token' ? {} : { access_token: token.value }),
    },
  };
}
