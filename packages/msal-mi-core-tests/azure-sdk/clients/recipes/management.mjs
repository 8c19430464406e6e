// Resource management and Synapse.
import { ComputeManagementClient } from '@azure/arm-compute';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { ResourceManagementClient } from '@azure/arm-resources';
import { AccessControlClient } from '@azure/synapse-access-control';
import { ArtifactsClient } from '@azure/synapse-artifacts';
import { withMtlsPop } from 'msal-mi-core/azure';
import { SUBSCRIPTION, json } from './answers.mjs';

/** @type {import('../recipes.mjs').Recipe[]} */
export const MANAGEMENT = [
  {
    client: 'ArtifactsClient',
    audience: 'https://dev.azuresynapse.net',
    answers: [json({ name: 'p', id: 'p', type: 't' })],
    call: ({ endpoint, credential }) =>
      new ArtifactsClient(credential, endpoint, withMtlsPop(credential)).pipelineOperations.getPipeline('p'),
    see: ({ name }) => name === 'p',
  },
  {
    client: 'AccessControlClient',
    audience: 'https://dev.azuresynapse.net',
    answers: [json({ id: SUBSCRIPTION, name: 'role' })],
    call: ({ endpoint, credential }) =>
      new AccessControlClient(credential, endpoint, withMtlsPop(credential)).roleDefinitions.getRoleDefinitionById('1'),
    see: ({ name }) => name === 'role',
  },
  {
    client: 'ResourceManagementClient',
    audience: 'https://management.azure.com',
    answers: [json({ id: 'g', name: 'g', location: 'l' })],
    call: ({ endpoint, credential }) =>
      new ResourceManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).resourceGroups.get(
        'g',
      ),
    see: ({ name }) => name === 'g',
  },
  {
    client: 'KeyVaultManagementClient',
    audience: '{endpoint}',
    answers: [
      json({ id: 'v', name: 'v', properties: { tenantId: SUBSCRIPTION, sku: { family: 'A', name: 'standard' } } }),
    ],
    call: ({ endpoint, credential }) =>
      new KeyVaultManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).vaults.get(
        'g',
        'v',
      ),
    see: ({ name }) => name === 'v',
  },
  {
    client: 'ComputeManagementClient',
    audience: 'https://management.azure.com',
    answers: [json({ id: 'm', name: 'm', location: 'l', properties: {} })],
    call: ({ endpoint, credential }) =>
      new ComputeManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).virtualMachines.get(
        'g',
        'm',
      ),
    see: ({ name }) => name === 'm',
  },
];
