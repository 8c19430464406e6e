import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { MtlsManagedIdentityCredential } from 'msal-mi-core/azure';
import { claimsOf, failure } from './world.mjs';

export function describeGetToken(world) {
  describe('getToken', () => {
    const scope = 'https://vault.azure.net/.default';

    test('says when to refresh', async () => {
      const { expiresOnTimestamp, refreshAfterTimestamp } = await world.credential.getToken(scope);
      assert.ok(refreshAfterTimestamp > Date.now() + 7_000_000 && refreshAfterTimestamp < expiresOnTimestamp);
    });

    test('forwards claims', async () => {
      const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c9' } } });
      assert.deepEqual(claimsOf((await world.credential.getToken([scope], { claims })).token).acrs, ['c9']);
    });

    test('accepts the tenant of the identity and no other', async () => {
      await world.credential.getToken(scope, { tenantId: world.emulator.tenantId.toUpperCase() });
      const tenantId = '11111111-2222-3333-4444-555555555555';
      assert.equal((await failure(world.credential.getToken(scope, { tenantId }))).errorCode, 'invalid_request');
    });

    test('takes one scope', async () => {
      for (const scopes of [[], [scope, 'https://graph.microsoft.com/.default']]) {
        assert.equal((await failure(world.credential.getToken(scopes))).errorCode, 'invalid_request');
      }
    });

    test('is aborted with an AbortError', async () => {
      const error = await failure(world.credential.getToken(scope, { abortSignal: AbortSignal.abort() }));
      assert.equal(error.name, 'AbortError');
    });

    test('uses an application that is there already, and its tokens', async () => {
      const application = new ManagedIdentityApplication({ system: { ca: world.emulator.ca } });
      const { accessToken } = await application.acquireToken({
        resource: scope,
        mtlsProofOfPossession: true,
        minStrength: world.strength,
      });
      assert.equal((await world.newCredential({ application }).getToken(scope)).token, accessToken);
    });

    test('fails as acquireToken does', async () => {
      await world.emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]);
      assert.equal((await failure(world.credential.getToken(scope))).errorCode, 'unauthorized_client');
    });

    test('wants a KeyGuard key unless told otherwise', async () => {
      const withDefaults = new MtlsManagedIdentityCredential({ system: { ca: world.emulator.ca } });
      if (world.strength === MtlsBindingStrength.KeyGuard) assert.ok((await withDefaults.getToken(scope)).token);
      else assert.equal((await failure(withDefaults.getToken(scope))).errorCode, 'min_strength_not_met');
    });
  });
}
