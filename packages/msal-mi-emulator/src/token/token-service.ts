import type { EntraRefusalName } from '../faults/fault-types.js';
import type { Answer, Service } from '../http/exchange.js';
import type { World } from '../world.js';
import { issuerOf } from './access-token.js';
import { EntraError, entraErrorAnswer, refusalAnswer } from './entra-error.js';
import { entraRefusal } from './entra-refusals.js';
import { requestedAudience } from './token-parameters.js';
import { answerTokenRequest } from './token-request.js';

const TENANT_PATH = /^\/([\w.-]+)(\/.*)$/;
const TOKEN_PATH = '/oauth2/v2.0/token';
const KEYS_PATH = '/discovery/v2.0/keys';
const CONFIGURATION_PATH = '/v2.0/.well-known/openid-configuration';

/**
 * Entra ID: token endpoint, key set and OpenID configuration of every tenant. The TLS server asks every client for a certificate;
 * only the token path insists on one, so that anybody can read the other two.
 */
export function createTokenService(world: World): Service {
  return {
    faultLeg: (path) => (TENANT_PATH.exec(path)?.[2] === TOKEN_PATH ? 'token' : undefined),
    errorAnswer: (error, headers) => entraErrorAnswer(error, headers, world.configuration.now()),
    audienceOf: requestedAudience,
    refuse(name, exchange) {
      const [, tenant = ''] = TENANT_PATH.exec(exchange.path) ?? [];
      const refusal = entraRefusal(name as EntraRefusalName, exchange, tenant, world);
      return refusalAnswer(new EntraError(refusal, world.configuration.now()), exchange.headers);
    },
    async answer(exchange) {
      const [, tenant, path] = TENANT_PATH.exec(exchange.path) ?? [];
      if (tenant === undefined) return notFound();
      if (path === TOKEN_PATH) {
        try {
          return await answerTokenRequest(exchange, tenant, world);
        } catch (error) {
          if (!(error instanceof EntraError)) throw error;
          return refusalAnswer(error, exchange.headers);
        }
      }
      if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return { ...notFound(), status: 405 };
      if (path === KEYS_PATH) return { status: 200, json: world.tokenIssuer.jwks };
      if (path === CONFIGURATION_PATH) return { status: 200, json: openIdConfiguration(world, tenant) };
      return notFound();
    },
  };
}

function notFound(): Answer {
  return { status: 404, json: { error: 'not_found' }, failure: 'no such endpoint' };
}

/** Provider metadata (OpenID Connect Discovery 1.0, RFC 8414, RFC 8705 section 5). */
function openIdConfiguration(world: World, tenant: string): Record<string, unknown> {
  const base = `${world.addresses.token}/${tenant}`;
  return {
    issuer: issuerOf(world, tenant),
    token_endpoint: `${base}${TOKEN_PATH}`,
    jwks_uri: `${base}${KEYS_PATH}`,
    token_endpoint_auth_methods_supported: ['tls_client_auth', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: { token_endpoint: `${base}${TOKEN_PATH}` },
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_parameter_supported: true,
    scopes_supported: [],
  };
}
