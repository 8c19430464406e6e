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
  });
}
