import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { withMtlsPop } from 'msal-mi-core/azure';
import { VAULT_OPTIONS } from './world.mjs';

export function describeKeyClient(world) {
  const bound = () => withMtlsPop(world.credential, VAULT_OPTIONS);
  const keyClient = () => new KeyClient(world.emulator.resources.vault, world.credential, bound());

  describe('KeyClient', () => {
    test('creates, gets and lists keys', async () => {
      const client = keyClient();
      const created = await client.createRsaKey('signing');
      assert.equal((await client.getKey('signing')).id, created.id);
      const names = [];
      for await (const { name } of client.listPropertiesOfKeys()) names.push(name);
      assert.deepEqual(names, ['signing']);
    });

    test('signs in the vault what verifies locally', async () => {
      const client = keyClient();
      const key = await client.createRsaKey('signing');
      const remote = new CryptographyClient(key.id, world.credential, bound());
      const { result } = await remote.signData('RS256', Buffer.from('signed text'));
      const local = new CryptographyClient(key.key);
      assert.equal((await local.verifyData('RS256', Buffer.from('signed text'), result)).result, true);
      assert.equal((await local.verifyData('RS256', Buffer.from('other text'), result)).result, false);
    });
  });
}
