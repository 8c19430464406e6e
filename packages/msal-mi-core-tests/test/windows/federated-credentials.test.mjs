// Both legs of a federated credential with a KeyGuard key: over WinHTTP, with the certificate in the Windows store.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  BoundConfidentialClient,
  createAuthorizationHeader,
  createManagedIdentityAssertion,
  ManagedIdentityApplication,
  MtlsBindingStrength,
} from 'msal-mi-core';
import { startWorld } from '../guest/rig.mjs';

const SCOPES = ['https://graph.microsoft.com/.default'];

let emulator;
before(async () => {
  emulator = await startWorld('federated-credentials');
});
after(() => emulator.close());

function boundClient(configuration) {
  return new BoundConfidentialClient({
    auth: {
      clientId: '5d6a3c1e-3a0d-4f6e-9a55-0f2b7a4c9e10',
      authority: `${emulator.tokenUrl}/${emulator.tenantId}`,
      clientAssertion: createManagedIdentityAssertion(new ManagedIdentityApplication(configuration)),
    },
  });
}

async function secondLegs() {
  const journal = await emulator.call('journal');
  return journal.filter(({ leg, body }) => leg === 'token' && body?.includes('client_assertion='));
}

test('M02: assertion and certificate of a KeyGuard key get a token that works over that certificate', async () => {
  const result = await boundClient({}).acquireTokenByClientCredential({ scopes: SCOPES, mtlsProofOfPossession: true });
  assert.equal(result.tokenType, 'mtls_pop');
  assert.equal(result.binding.strength, MtlsBindingStrength.KeyGuard);
  assert.equal(result.binding.exportable, false);
  const [exchange] = await secondLegs();
  assert.equal(exchange.clientCertificateS256, result.bindingCertificate.x5tS256);

  const response = await result.binding.fetch(`${emulator.resources.handshake}/echo`, {
    headers: { authorization: createAuthorizationHeader(result) },
  });
  assert.equal(response.status, 200);
});

test('M23: a bearer token is acquired with the certificate too', async () => {
  const before = (await secondLegs()).length;
  const result = await boundClient({}).acquireTokenByClientCredential({ scopes: SCOPES });
  assert.equal(result.tokenType, 'Bearer');
  const exchange = (await secondLegs())[before];
  assert.ok(exchange.clientCertificateS256);
  assert.match(exchange.body, /jwt-pop/);
});

test('N23: a certificate that the token endpoint refuses is replaced once, and the token is bound to the new one', async () => {
  const client = boundClient({});
  const request = { scopes: SCOPES, mtlsProofOfPossession: true, skipCache: true };
  const first = await client.acquireTokenByClientCredential(request);
  const oauthError = { error: 'invalid_client', error_description: 'AADSTS7000214: revoked.', error_codes: [7000214] };
  await emulator.call('fault', 'token', [{ oauthError }]);
  const second = await client.acquireTokenByClientCredential(request);
  assert.notEqual(second.bindingCertificate.x5tS256, first.bindingCertificate.x5tS256);
  assert.equal((await secondLegs()).at(-1).clientCertificateS256, second.bindingCertificate.x5tS256);
});
