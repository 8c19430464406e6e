// Key Vault asks for the certificate late, by TLS 1.2 renegotiation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createMtlsFetch, ManagedIdentityApplication } from 'msal-mi-core';
import { startWorld } from '../guest/rig.mjs';

let emulator;
before(async () => {
  process.env.KEYGUARD_SIM_RENEGOTIATE = '1';
  emulator = await startWorld('vault');
});
after(() => emulator.close());

test('a vault that renegotiates sees the certificate that the token is bound to', async () => {
  const app = new ManagedIdentityApplication();
  const fetch = createMtlsFetch(app, { resource: 'https://vault.azure.net', allowedHosts: [/^localhost(:\d+)?$/] });
  const response = await fetch(`${emulator.resources.vault}/echo`, { headers: { 'x-ms-tokenboundauth': 'true' } });
  assert.equal(response.status, 200, await response.clone().text());
  const journal = await emulator.call('journal');
  const { x5tS256 } = (await app.acquireToken({ resource: 'https://vault.azure.net', mtlsProofOfPossession: true }))
    .binding.certificate;
  const seen = journal.filter(({ leg, status }) => leg === 'resource' && status === 200);
  assert.equal(seen.length, 1);
  assert.equal(seen[0].clientCertificateS256, x5tS256);
});
