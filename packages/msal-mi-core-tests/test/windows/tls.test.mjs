// Servers are verified, always, and refusals are typed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { addon, isWine, SESSION, start, startWorld } from '../guest/rig.mjs';

let emulator;
let binding;
const servers = [];
async function serve(options) {
  const server = await start('stream', { clientCa: emulator.emulatorCa, ...options });
  servers.push(server);
  return server;
}
before(async () => {
  emulator = await startWorld('tls');
  await serve({}); // the rig's own authority is trusted before the first handshake
  const app = new ManagedIdentityApplication();
  ({ binding } = await app.acquireToken({ resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true }));
});
after(() => Promise.all([emulator, ...servers].map((server) => server.close())));

async function failure(promise) {
  const error = await promise.then(
    (response) => assert.fail(`answered with ${response.status}`),
    (reason) => reason,
  );
  assert.equal(error.name, 'TypeError');
  assert.equal(error.message, 'fetch failed');
  return error.cause;
}

test('the right authority, the right name and our certificate: an answer', async () => {
  const server = await serve({});
  const response = await binding.fetch(`${server.origin}/hello`);
  assert.equal(await response.text(), 'hello');
  assert.deepEqual((await server.call('seen')).thumbprints, [binding.certificate.thumbprintSha256]);
});

// Wine has one code for every failed handshake; Windows names the reason (see native-error.test.ts).
for (const [certificate, code] of [
  ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]) {
  test(`a server with a certificate that is ${certificate} gets no request`, async () => {
    const server = await serve({ certificate, demand: false });
    const cause = await failure(binding.fetch(`${server.origin}/hello`));
    assert.equal(cause.code, isWine ? 'ERR_SSL_HANDSHAKE_FAILURE' : code);
    assert.equal((await server.call('seen')).requests, 0);
  });
}

test('a server that does not accept our authority: refused and typed', async () => {
  const server = await serve({ clientCa: emulator.ca });
  const cause = await failure(binding.fetch(`${server.origin}/hello`));
  assert.match(cause.code, /^(ERR_SSL_HANDSHAKE_FAILURE|ECONNRESET)$/);
  assert.equal((await server.call('seen')).requests, 0);
});

test('without a client certificate a server that demands one gets no request', async () => {
  const server = await serve({});
  const session = await addon.openSession(SESSION, null, null);
  const request = { method: 'GET', host: 'localhost', port: server.port, path: '/hello', headers: '' };
  const failed = await new Promise((resolve, reject) => {
    const onEvent = (kind, value) => (kind === 'failure' ? resolve(value) : reject(new Error(kind)));
    session.send({ ...request, body: new Uint8Array(0), responseTimeoutMs: 5000, readAheadBytes: 0 }, onEvent);
  });
  assert.ok([12044, 12157, 12175, 12030, 10054].includes(failed.status), JSON.stringify(failed));
  assert.equal((await server.call('seen')).requests, 0);
});

test('a closed port and an unknown name have codes of their own', async () => {
  assert.equal((await failure(binding.fetch('https://localhost:1/'))).code, 'ECONNREFUSED');
  assert.equal((await failure(binding.fetch('https://no-such-host.invalid/'))).code, 'ENOTFOUND');
});
