import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ContainerRegistryClient } from '@azure/container-registry';
import { Constants } from '@azure/core-amqp';
import { auxiliaryAuthenticationHeaderPolicy } from '@azure/core-rest-pipeline';
import { CosmosClient } from '@azure/cosmos';
import { EventHubProducerClient } from '@azure/event-hubs';
import { getBearerTokenProvider } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ServiceBusAdministrationClient } from '@azure/service-bus';
import { AzureOpenAI } from 'openai';
import { withMtlsPop } from 'msal-mi-core/azure';
import { Agent, fetch } from 'undici';
import { challengeOf } from './azure-clients.mjs';
import { failure } from '../suite/world.mjs';

const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';

export function describeUnsupportedClients(world) {
  const refused = async (call) => {
    const error = await failure(call());
    assert.equal(error.errorCode, 'client_not_supported', error.stack);
    assert.ok(error.remediation.length > 0);
    assertNothingSent();
  };
  /** Neither a token, nor what stands for one, in any part of a request. */
  const assertNothingSent = () => {
    for (const call of world.calls()) {
      assert.equal(call.headers.authorization, undefined);
      assert.ok(!JSON.stringify(call).includes('certificate-bound-token'));
    }
  };

  describe('before anything is sent there is an error that says why from', () => {
    // It asks for a token when the connection is there. Nothing of it is bound, and nothing of a token is sent.
    test('ServiceBusClient, which speaks AMQP, for the scope that it asks for', () =>
      refused(() => world.credential.getToken(Constants.aadServiceBusScope)));

    test('EventHubProducerClient, which speaks AMQP', () =>
      refused(async () => {
        const client = new EventHubProducerClient('localhost', 'hub', world.credential, {
          retryOptions: { maxRetries: 0 },
        });
        try {
          await client.sendBatch([{ body: 'hello' }]);
        } finally {
          await client.close();
        }
      }));

    test('CosmosClient, which signs with the token', async () => {
      const aadCredentials = world.credential;
      await refused(() =>
        new CosmosClient({ endpoint: 'https://contoso.documents.azure.com', aadCredentials }).getDatabaseAccount(),
      );
    });

    test('ContainerRegistryClient, which exchanges the token', async () => {
      const realm = `${world.endpoint}/oauth2/token`;
      const challenge = `Bearer realm="${realm}",service="${world.host}",scope="registry:catalog:*"`;
      for (const audience of ['https://containerregistry.azure.net', 'https://management.azure.com']) {
        world.answer({ status: 401, headers: { 'WWW-Authenticate': challenge }, body: {} });
        const options = withMtlsPop(world.credential, { audience });
        const client = new ContainerRegistryClient(world.endpoint, world.credential, options);
        await refused(() => client.listRepositoryNames().next());
      }
    });

    test('a client with tokens of other tenants in a header of their own', async () => {
      const policy = auxiliaryAuthenticationHeaderPolicy({
        credentials: [world.credential],
        scopes: 'https://management.azure.com/.default',
      });
      const client = new ResourceManagementClient(
        world.credential,
        SUBSCRIPTION,
        withMtlsPop(world.credential, {
          endpoint: world.endpoint,
          additionalPolicies: [{ position: 'perCall', policy }],
        }),
      );
      await refused(() => client.resourceGroups.get('g'));
    });
  });

  describe('nothing is sent by a client that does not use the transport:', () => {
    test('ServiceBusAdministrationClient, which drops it', async () => {
      const client = new ServiceBusAdministrationClient(world.host, world.credential, withMtlsPop(world.credential));
      assert.match((await failure(client.getQueue('q'))).message, /Authorization/);
      assertNothingSent();
    });

    test('AzureOpenAI with getBearerTokenProvider', async () => {
      const azureADTokenProvider = getBearerTokenProvider(
        world.credential,
        'https://cognitiveservices.azure.com/.default',
      );
      const fetchOptions = { dispatcher: new Agent({ connect: { ca: world.emulator.ca } }) };
      const options = { azureADTokenProvider, apiVersion: '2024-10-21', maxRetries: 0, fetch, fetchOptions };
      const client = new AzureOpenAI({ ...options, endpoint: world.endpoint });
      await failure(client.models.list());
      assert.deepEqual(world.calls(), []);
    });

    test('one that wraps the credential', async () => {
      const wrapper = { getToken: (...request) => world.credential.getToken(...request) };
      assert.throws(() => withMtlsPop(wrapper), { errorCode: 'invalid_request' });
      const client = new SecretClient(world.endpoint, wrapper, {
        disableChallengeResourceVerification: true,
        retryOptions: { maxRetries: 0 },
        tlsOptions: { ca: world.emulator.ca },
      });
      world.answer(challengeOf(world.emulator));
      assert.match((await failure(client.getSecret('a'))).message, /Authorization/);
      assert.equal(world.calls().length, 1);
      assertNothingSent();
    });
  });
}
