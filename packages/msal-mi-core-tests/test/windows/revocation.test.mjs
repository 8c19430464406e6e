// Servers whose certificate was revoked get no request, and an authority that does not answer costs a bounded time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { isWine, notInWine, start, startWorld } from '../guest/rig.mjs';

let emulator;
let binding;
const servers = [];
async function serve(list) {
  const server = await start('revocation', { clientCa: emulator.emulatorCa, list });
  servers.push(server);
  return server;
}
before(async () => {
  emulator = await startWorld('revocation');
  const app = new ManagedIdentityApplication();
  ({ binding } = await app.acquireToken({ resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true }));
});
after(() => Promise.all([emulator, ...servers].map((server) => server.close())));

test('a server that is on no list is asked about once, and answers', async () => {
  const server = await serve('empty');
  for (let nth = 0; nth < 3; nth += 1) {
    assert.equal(await (await binding.fetch(`${server.origin}/hello`)).text(), 'hello');
  }
  assert.equal(await server.call('lookUps'), 1);
});

test('a revoked server gets no request, and the error says so', async () => {
  const server = await serve('revoked');
  const error = await binding.fetch(`${server.origin}/hello`).then(
    (response) => assert.fail(`answered with ${response.status}`),
    (reason) => reason,
  );
  assert.equal(error.cause.code, 'CERT_REVOKED');
  assert.match(error.cause.message, /CertGetCertificateChain: 12170/);
  // Wine sends what a callback has just closed the handle of; nothing of the answer arrives.
  if (!isWine) assert.equal((await server.call('seen')).requests, 0);
});

test('an authority that cannot be reached does not keep a request from its server', { timeout: 60_000 }, async () => {
  const server = await serve('gone');
  assert.equal(await (await binding.fetch(`${server.origin}/hello`)).text(), 'hello');
});

const WAITS = notInWine('looks up without the limit that it is given');
test('nor does one that never answers', { skip: WAITS, timeout: 60_000 }, async () => {
  const server = await serve('silent');
  assert.equal(await (await binding.fetch(`${server.origin}/hello`)).text(), 'hello');
  assert.equal(await server.call('lookUps'), 1);
});
