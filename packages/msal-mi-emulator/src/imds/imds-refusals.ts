import type { ImdsRefusalName } from '../faults/fault-types.js';
import type { Answer } from '../http/exchange.js';
import { invalidRequest } from './request-checks.js';

/** IMDS says the same in several wordings, one for each of its backends; all of them have been seen. */
const REFUSALS: Readonly<Record<ImdsRefusalName, Answer>> = {
  'identity-not-found': invalidRequest('Identity not found'),
  'several-identities': invalidRequest(
    'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
  ),
  'no-user-assigned-identity': invalidRequest(
    'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
  ),
  'identity-not-assigned': invalidRequest("The requested identity isn't assigned to this resource."),
  'identity-not-yet-assigned': invalidRequest('The requested identity has not been assigned to this resource.'),
  'too-many-requests': {
    status: 429,
    json: { error: 'too_many_requests', error_description: 'Temporarily throttled, too many requests' },
    failure: 'too many requests',
  },
  // NMI of the retired AAD Pod Identity, which stands between a pod and IMDS.
  'forbidden-by-pod-identity': {
    status: 403,
    text: 'no AzureAssignedIdentity found for pod:default/emulated in assigned state\n',
    failure: 'no AzureAssignedIdentity for the pod',
  },
};

/** The answer of IMDS that a name stands for. */
export function imdsRefusal(name: string): Answer {
  return REFUSALS[name as ImdsRefusalName];
}
