import type { Answer, Exchange } from '../http/exchange.js';
import { issueAccessToken } from '../token/access-token.js';
import type { World } from '../world.js';
import { findQueryDefect, invalidRequest } from './request-checks.js';
import { selectIdentity } from './select-identity.js';

const V1_SELECTORS = ['client_id', 'object_id', 'msi_res_id'] as const;

/** `GET /metadata/identity/oauth2/token` of IMDS v1: an unbound bearer token. All numbers are strings. */
export async function answerIdentityToken({ query }: Exchange, world: World): Promise<Answer> {
  const defect = findQueryDefect(query, ['api-version', 'resource', 'xms_cc', 'bypass_cache', ...V1_SELECTORS]);
  if (defect) return defect;
  if (query.get('api-version') !== '2018-02-01') return invalidRequest('api-version must be 2018-02-01');
  const resource = query.get('resource');
  if (!resource) return invalidRequest('Required query variable resource is missing');
  const selected = selectIdentity(query, world.directory, V1_SELECTORS);
  if ('refusal' in selected) return selected.refusal;
  const { identity } = selected;
  const capabilities = query.get('xms_cc')?.split(',').filter(Boolean) ?? [];
  const token = await issueAccessToken(world, {
    audience: audienceOfResource(resource),
    tenantId: identity.tenantId,
    clientId: identity.clientId,
    objectId: identity.objectId,
    resourceId: identity.resourceId,
    thumbprintS256: undefined,
    requestedClaims: capabilities.length > 0 ? { xms_cc: capabilities } : {},
  });
  return {
    status: 200,
    json: {
      access_token: token.value,
      client_id: identity.clientId,
      expires_in: String(token.expiresInSeconds),
      expires_on: String(token.expiresAtSeconds),
      ext_expires_in: String(token.expiresInSeconds),
      not_before: String(token.notBeforeSeconds),
      resource,
      token_type: 'Bearer',
    },
  };
}

/** A resource as the `aud` claim has it. */
export function audienceOfResource(resource: string): string {
  return resource.replace(/\/\.default$/, '');
}
