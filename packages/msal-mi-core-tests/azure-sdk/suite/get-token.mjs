import assert from 'node:assert/strict';
import { request } from 'node:https';
import { describe, test } from 'node:test';
import { isMsalMiError, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
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
      const { token } = await world.credential.getToken([world.scopeOfResource()], { claims });
      assert.deepEqual(claimsOf(await world.tokenSentFor(token)).acrs, ['c9']);
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
        resource: world.scopeOfResource(),
        mtlsProofOfPossession: true,
        minStrength: world.strength,
      });
      world.credential = world.newCredential({ application });
      const { token } = await world.credential.getToken(world.scopeOfResource());
      assert.equal(await world.tokenSentFor(token), `mtls_pop ${accessToken}`);
    });

    test('hands out what stands for the token, always the same, and of no use to an HTTP client', async () => {
      const { token } = await world.credential.getToken(world.scopeOfResource());
      assert.equal((await world.credential.getToken(world.scopeOfResource())).token, token);
      assert.ok(!(await world.tokenSentFor(token)).includes(token));
      const url = `${world.emulator.resources.handshake}/things`;
      const sentBefore = (await world.callsOfResource()).length;
      for (const authorization of [`Bearer ${token}`, token]) {
        assert.throws(() => new Headers({ authorization }), TypeError);
        assert.throws(() => request(url, { headers: { authorization } }), { code: 'ERR_INVALID_CHAR' });
      }
      assert.equal((await world.callsOfResource()).length, sentBefore);
    });

    test('asks for a token with the capability cp1 when the SDK can answer challenges', async () => {
      const scopes = world.scopeOfResource();
      const { token } = await world.credential.getToken(scopes, { enableCae: true });
      assert.deepEqual(claimsOf(await world.tokenSentFor(token)).xms_cc, ['cp1']);
      const { token: other } = await world.credential.getToken(scopes);
      assert.equal(claimsOf(await world.tokenSentFor(other)).xms_cc, undefined);
    });

    test('refuses the scopes of clients that cannot send bound tokens, before anything is sent', async () => {
      for (const scopes of [
        'https://eventhubs.azure.net//.default',
        'https://servicebus.azure.net//.default',
        'https://contoso.servicebus.windows.net/',
        'https://contoso.documents.azure.com/.default',
        'https://containerregistry.azure.net/.default',
        'https://ossrdbms-aad.database.windows.net/.default',
      ]) {
        const error = await failure(world.credential.getToken(scopes));
        assert.equal(error.errorCode, 'client_not_supported');
        assert.match(error.remediation, /^Use another credential/);
      }
      assert.deepEqual(await world.emulator.journal(), []);
    });

    test('takes no time limit for one that cannot be', async () => {
      for (const timeout of [0, -1, NaN, Infinity, 2 ** 31, 1e12]) {
        const { token } = await world.newCredential().getToken(scope, { requestOptions: { timeout } });
        assert.ok(token);
      }
    });

    test('wants allowedHosts for a scope that names no host', async () => {
      const { ca } = world.emulator;
      const credential = new MtlsManagedIdentityCredential({ minStrength: world.strength, system: { ca } });
      const error = await failure(credential.getToken('api://contoso/.default'));
      assert.equal(error.errorCode, 'invalid_request');
      assert.match(error.message, /allowedHosts/);
    });

    test('lets a chain of credentials go on when the host has no identity, and only then', async () => {
      // A certificate that Windows has kept would spare the questions that the faults answer.
      process.env.MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE = '1';
      try {
        const nameOf = async (credential) => (await failure(credential.getToken(scope))).name;
        const notFound = { status: 400, body: { error: 'invalid_request', error_description: 'Identity not found' } };
        const userAssigned = { managedIdentityIdParams: { userAssignedClientId: 'misspelt' } };
        await world.emulator.fault('getplatformmetadata', [notFound, notFound, { status: 400 }]);
        assert.equal(await nameOf(world.newCredential()), 'CredentialUnavailableError');
        assert.equal(await nameOf(world.newCredential(userAssigned)), 'MsiV2Error');
        assert.equal(await nameOf(world.newCredential()), 'MsiV2Error');
        await world.emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]);
        assert.equal(await nameOf(world.newCredential()), 'MsiV2Error');

        const authority = process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
        process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = 'http://127.0.0.1:9';
        const nowhere = world.newCredential({ system: { disableInternalRetries: true } });
        process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = authority;
        const error = await failure(nowhere.getToken(scope));
        assert.equal(error.name, 'CredentialUnavailableError');
        assert.equal(error.errorCode, 'managed_identity_request_failed');
        assert.ok(isMsalMiError(error));
      } finally {
        delete process.env.MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE;
      }
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
