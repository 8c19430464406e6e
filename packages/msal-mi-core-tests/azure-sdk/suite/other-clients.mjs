import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { getClient } from '@azure-rest/core-client';
import { withMtlsPop } from 'msal-mi-core/azure';

export function describeOtherClients(world) {
  describe('other clients', () => {
    test('of @azure-rest take the transport', async () => {
      const client = getClient(
        world.emulator.resources.handshake,
        world.credential,
        withMtlsPop(world.credential, { credentials: { scopes: [world.scopeOfResource()] } }),
      );
      const { status, body } = await client.pathUnchecked('/things').get();
      assert.equal(status, '200');
      assert.equal(body.ok, true);
    });

    test('that have a pipeline only take the policy', async () => {
      const client = getClient(world.emulator.resources.handshake, world.credential, {
        credentials: { scopes: [world.scopeOfResource()] },
        additionalPolicies: [{ position: 'perRetry', policy: world.credential.policy }],
      });
      const { status, body } = await client.pathUnchecked('/things').post({ body: { a: 1 } });
      assert.equal(status, '200');
      assert.equal(body.body, '{"a":1}');
    });

    test('rule D30: do not take the token to another origin, although they follow redirects there', async () => {
      const { handshake, vault } = world.emulator.resources;
      const client = getClient(handshake, world.credential, {
        ...withMtlsPop(world.credential),
        credentials: { scopes: [world.scopeOfResource()] },
        redirectOptions: { allowCrossOriginRedirects: true },
      });
      await world.emulator.fault('resource', [{ status: 307, headers: { Location: `${vault}/elsewhere` } }]);
      const { status } = await client.pathUnchecked('/things').get();
      assert.equal(status, '307');
      const urls = (await world.callsOfResource()).map(({ url }) => url);
      assert.deepEqual(urls, ['/things']);
    });
  });
}
