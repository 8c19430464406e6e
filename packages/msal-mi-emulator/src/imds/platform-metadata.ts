import type { Answer, Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import { findQueryDefect, invalidRequest } from './request-checks.js';
import { selectIdentity } from './select-identity.js';

/** Selectors of IMDS v2; `msi_res_id` is an unsupported query variable here, as on the real service. */
export const V2_SELECTORS = ['client_id', 'object_id', 'mi_res_id'] as const;
/** Version of the credential endpoints. */
export const CRED_API_VERSION = '2.0';

/** `GET /metadata/identity/getplatformmetadata` (D8). */
export function answerPlatformMetadata({ query }: Exchange, world: World): Answer {
  const defect = findQueryDefect(query, ['cred-api-version', ...V2_SELECTORS]);
  if (defect) return defect;
  if (query.get('cred-api-version') !== CRED_API_VERSION) return invalidRequest('cred-api-version must be 2.0');
  const selected = selectIdentity(query, world.directory, V2_SELECTORS);
  if ('refusal' in selected) return selected.refusal;
  return {
    status: 200,
    json: {
      clientId: selected.identity.clientId,
      tenantId: selected.identity.tenantId,
      cuId: world.configuration.cuId,
      attestationEndpoint: world.addresses.maa,
    },
  };
}
