import type { Answer, Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import { findQueryDefect, invalidRequest } from './request-checks.js';

/** `GET /metadata/instance/compute`: only what managed identity libraries read. */
export function answerCompute({ query }: Exchange, { configuration }: World): Answer {
  const defect = findQueryDefect(query, ['api-version', 'format']);
  if (defect) return defect;
  if (query.get('api-version') !== '2021-02-01') return invalidRequest('api-version must be 2021-02-01');
  const { securityType, subscriptionId, cuId } = configuration;
  return {
    status: 200,
    json: {
      azEnvironment: 'AzurePublicCloud',
      location: 'emulator',
      name: 'emulated-vm',
      osType: process.platform === 'win32' ? 'Windows' : 'Linux',
      resourceGroupName: 'emulator',
      subscriptionId,
      vmId: cuId.vmId ?? '',
      vmScaleSetName: cuId.vmssId ?? '',
      ...(securityType === ''
        ? {}
        : { securityProfile: { secureBootEnabled: 'true', virtualTpmEnabled: 'true', securityType } }),
    },
  };
}
