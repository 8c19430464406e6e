import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import { withMtlsPop } from 'msal-mi-core/azure';
import { failure } from '../suite/world.mjs';
import { RECIPES } from './recipes.mjs';

export function describeAzureClients(world) {
  describe('with the lines of the page', () => {
    for (const { client, audience, isChallenged = false, answers, call, see } of RECIPES) {
      test(`${client} gets its answer with a bound token, and sends nothing else`, async () => {
        const { endpoint, credential } = world;
        // Key Vault's clients ask for a challenge first.
        if (isChallenged) world.answer(challengeOf(world.emulator));
        world.answer(...answers);
        const result = await call({ endpoint, credential, vault: { disableChallengeResourceVerification: true } });
        assert.ok(see(result), JSON.stringify(result));
        const [first, ...others] = world.calls();
        if (isChallenged) {
          assert.equal(first.headers.authorization, undefined);
          assert.equal(first.clientCertificateS256, undefined);
        }
        world.assertBound(isChallenged ? others : [first, ...others], audience.replace('{endpoint}', endpoint));
      });
    }

    test('a proxy in the environment is not an option of the client: with software keys the way is direct', async () => {
      const { endpoint, credential } = world;
      const { answers, audience, call } = RECIPES.find(({ client }) => client === 'SearchClient');
      process.env.HTTPS_PROXY = 'http://127.0.0.1:9';
      try {
        world.answer(...answers);
        await call({ endpoint, credential });
      } finally {
        delete process.env.HTTPS_PROXY;
      }
      world.assertBound(world.calls(), audience);
    });

    test('no link of a service takes the token elsewhere: pages, and operations that run on', async () => {
      const { endpoint, credential } = world;
      const elsewhere = 'https://elsewhere.example/next';
      for (const [client, answers] of [
        [
          'EmailClient',
          [{ status: 202, headers: { 'Operation-Location': elsewhere }, body: { id: '1', status: 'Running' } }],
        ],
        ['EmailClient', [{ status: 307, headers: { Location: elsewhere } }]],
      ]) {
        world.answer(...answers);
        const error = await failure(RECIPES.find((recipe) => recipe.client === client).call({ endpoint, credential }));
        assert.ok(error.errorCode === 'host_not_allowed' || error.statusCode === 307, error.stack);
      }
      assert.equal(world.calls().length, 2);

      world.answer(challengeOf(world.emulator), { status: 200, body: { value: [], nextLink: elsewhere } });
      const options = withMtlsPop(credential, { disableChallengeResourceVerification: true });
      const secrets = new SecretClient(endpoint, credential, options);
      const error = await failure(secrets.listPropertiesOfSecrets().next());
      assert.equal(error.errorCode, 'host_not_allowed');
      assert.match(error.message, /elsewhere\.example/);
      assert.equal(world.calls().length, 4);
    });
  });
}

export function challengeOf({ tenantId }) {
  const authority = `https://login.microsoftonline.com/${tenantId}`;
  const challenge = `Bearer authorization="${authority}", resource="https://vault.azure.net"`;
  return { status: 401, headers: { 'WWW-Authenticate': challenge }, body: {} };
}
