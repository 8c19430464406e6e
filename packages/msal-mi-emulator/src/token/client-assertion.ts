import { createHash } from 'node:crypto';
import { JwtError, type Claims } from '../crypto/jwt.js';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import type { World } from '../world.js';
import { isOwnIssuer } from './access-token.js';
import { confirmedThumbprint } from './confirmation.js';
import type { AuthenticatedClient, Refuse, TokenRequest } from './token-parameters.js';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:';
/** Audience of leg 1 in each cloud. */
const TOKEN_EXCHANGE_AUDIENCE = /^api:\/\/AzureADTokenExchange(?:USGov|China|France|Germany|Singapore)?$/;

/**
 * Leg 2 of a federated identity credential: the assertion is a token that this emulator issued to a managed identity for the token
 * exchange audience. `jwt-pop`: bound, and its certificate must be the one presented now. `jwt-bearer`: unbound.
 * Any application may exchange such an assertion, except the managed identity itself.
 * @throws EntraError
 */
export function authenticateByAssertion(request: TokenRequest, world: World, refuse: Refuse): AuthenticatedClient {
  const type = request.parameters.get('client_assertion_type');
  const assertion = request.parameters.get('client_assertion');
  if (assertion === undefined) {
    const message = "The request body must contain the following parameter: 'client_assertion'.";
    throw refuse({ error: 'invalid_client', code: 7000218, message });
  }
  const claims = verifyAssertion(assertion, world, refuse);
  if (type === `${ASSERTION_TYPE}jwt-pop`) checkBoundAssertion(request, claims, refuse);
  else if (type === `${ASSERTION_TYPE}jwt-bearer`) checkUnboundAssertion(request, claims, refuse);
  else {
    const message = 'The client_assertion_type must end in jwt-pop or jwt-bearer.';
    throw refuse({ error: 'invalid_request', code: 9002313, message });
  }
  if (claims.appid === request.clientId) {
    const message = 'A managed identity cannot exchange its own assertion; use the client id of an application.';
    throw refuse({ error: 'unauthorized_client', code: 700213, message });
  }
  return { clientId: request.clientId, objectId: objectIdOf(request), resourceId: undefined };
}

function verifyAssertion(assertion: string, world: World, refuse: Refuse): Claims {
  try {
    return world.tokenIssuer.verify(assertion, {
      issuer: (issuer) => isOwnIssuer(world, issuer),
      audience: (audience) => TOKEN_EXCHANGE_AUDIENCE.test(audience),
      nowMs: world.configuration.now(),
    });
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    const code =
      error.reason === 'expired' || error.reason === 'not_yet_valid'
        ? 700024
        : error.reason === 'audience'
          ? 700212
          : 700027;
    throw refuse({ error: 'invalid_client', code, message: `The client assertion ${error.message}.` });
  }
}

function checkBoundAssertion({ certificate }: TokenRequest, claims: Claims, refuse: Refuse): void {
  const confirmed = confirmedThumbprint(claims);
  if (confirmed === undefined) {
    const message = 'The client assertion is not bound to a certificate; use jwt-bearer.';
    throw refuse({ error: 'invalid_client', code: 700027, message });
  }
  if (!certificate || thumbprintS256(certificate.raw) !== confirmed) {
    const message = 'The TLS certificate is not the one in the client assertion.';
    throw refuse({ error: 'invalid_client', code: 500181, message });
  }
}

function checkUnboundAssertion({ tokenType }: TokenRequest, claims: Claims, refuse: Refuse): void {
  if (confirmedThumbprint(claims) !== undefined) {
    const message = 'The client assertion is bound to a certificate: present it and use jwt-pop.';
    throw refuse({ error: 'invalid_client', code: 500181, message });
  }
  if (tokenType === 'mtls_pop') {
    const message = 'token_type=mtls_pop needs a bound client assertion (jwt-pop).';
    throw refuse({ error: 'invalid_request', code: 9002313, message });
  }
}

/** The service principal of an application in a tenant: made up, but always the same. */
function objectIdOf({ clientId, tenantId }: TokenRequest): string {
  const hex = createHash('sha256').update(`${tenantId}\0${clientId}`).digest('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-8$3-8$4-$5');
}
