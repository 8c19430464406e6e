import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ManagedIdentityApplication, MtlsBindingStrength, isMsalMiError } from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';

let emulator;
before(async () => {
  emulator = await startEmulator();
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
});
beforeEach(() => emulator.reset());
after(() => emulator.close());

const acquire = (resource) =>
  new ManagedIdentityApplication({ system: { ca: emulator.ca } }).acquireToken({
    resource,
    mtlsProofOfPossession: true,
    minStrength: MtlsBindingStrength.Software,
  });

test('outlasts a metadata service that is busy', async () => {
  emulator.fault('getplatformmetadata', [{ status: 429 }]);
  const { tokenType } = await acquire('https://vault.azure.net');
  assert.equal(tokenType, 'mtls_pop');
  assert.equal(emulator.journal.filter(({ url }) => url.includes('/getplatformmetadata')).length, 2);
});

test('learns why it gets no token', async () => {
  emulator.fault('token', [{ oauthError: { error: 'invalid_resource', error_description: 'AADSTS500011: unknown' } }]);
  await assert.rejects(acquire('api://nobody'), (error) => isMsalMiError(error) && error.stage === 'token');
});
