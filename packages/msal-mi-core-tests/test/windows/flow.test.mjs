// The seven steps with a key of the simulated KeyGuard, in real Windows binaries.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAuthorizationHeader, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { countLegs, startWorld } from '../guest/rig.mjs';

const RESOURCE = 'https://graph.microsoft.com';
let emulator;
before(async () => {
  emulator = await startWorld('flow');
});
after(() => emulator.close());

test('a first token takes one request per leg and is bound to the certificate that the resource sees', async () => {
  const app = new ManagedIdentityApplication();
  const result = await app.acquireToken({ resource: RESOURCE, mtlsProofOfPossession: true });
  assert.equal(result.tokenType, 'mtls_pop');
  assert.equal(result.binding.strength, MtlsBindingStrength.KeyGuard);
  assert.deepEqual(await countLegs(emulator), { metadata: 1, issued: 1, token: 1 });

  const response = await result.binding.fetch(`${emulator.resources.handshake}/echo`, {
    headers: { authorization: createAuthorizationHeader(result) },
  });
  assert.equal(response.status, 200, await response.clone().text());
  const { cnf } = JSON.parse(Buffer.from(result.accessToken.split('.')[1], 'base64url').toString('utf8'));
  const journal = await emulator.call('journal');
  const seen = journal.filter(({ leg }) => leg === 'token' || leg === 'resource');
  assert.equal(seen.length, 2);
  for (const entry of seen) assert.equal(entry.clientCertificateS256, cnf['x5t#S256']);
});
