// What TLS 1.3 would do. The product asks for 1.2 and this library of the rig makes WinHTTP offer 1.3 all the same:
// docs/discoveries/wine-and-windows.md says what has to be decided before the product may.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { countLegs, isWine, start, startWorld } from '../guest/rig.mjs';

const REQUEST = { resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true };
const skip = !isWine && 'the switch is one of the rig';
let emulator;
let app;
let binding;
const servers = [];
async function serve(options) {
  const server = await start('stream', { clientCa: emulator.emulatorCa, ...options });
  servers.push(server);
  return server;
}
before(async () => {
  process.env.KEYGUARD_SIM_TLS13 = '1';
  emulator = await startWorld('tls13');
  await serve({}); // the rig's own authority is trusted before the first handshake
  app = new ManagedIdentityApplication();
  ({ binding } = await app.acquireToken(REQUEST));
});
after(() => Promise.all([emulator, ...servers].map((server) => server.close())));

test('a resource sees TLS 1.3 and our certificate', { skip }, async () => {
  const server = await serve({});
  for (let i = 0; i < 3; i += 1) {
    const response = await binding.fetch(`${server.origin}/upload`, { method: 'POST', body: 'x'.repeat(i * 70_000) });
    assert.equal((await response.json()).bytes, i * 70_000);
  }
  const { protocols, thumbprints } = await server.call('seen');
  assert.deepEqual(new Set(protocols), new Set(['TLSv1.3']));
  assert.deepEqual(new Set(thumbprints), new Set([binding.certificate.thumbprintSha256]));
});

test('200 requests at once are answered', { skip, timeout: 60_000 }, async () => {
  const server = await serve({ keepAlive: false });
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => (await binding.fetch(`${server.origin}/hello`)).text()),
  );
  assert.deepEqual(new Set(answers), new Set(['hello']));
  assert.deepEqual(new Set((await server.call('seen')).protocols), new Set(['TLSv1.3']));
});

test(
  'a refused certificate is taken for a failed handshake or a lost connection, and no request arrives',
  { skip },
  async () => {
    const server = await serve({ clientCa: emulator.ca });
    const sent = binding.fetch(`${server.origin}/upload`, { method: 'POST', body: 'once' });
    await assert.rejects(sent, ({ name, cause }) => {
      assert.equal(name, 'TypeError');
      // Schannel says 0x80090304, which names no certificate, or the connection is gone.
      assert.match(cause.code, /^(ECONNRESET|ERR_SSL_HANDSHAKE_FAILURE)$/);
      return true;
    });
    const { requests, tlsErrors } = await server.call('seen');
    assert.deepEqual({ requests, refusals: tlsErrors.length }, { requests: 0, refusals: 1 });
  },
);

test('a revoked certificate is replaced once', { skip }, async () => {
  const { certificate } = (await app.acquireToken(REQUEST)).binding;
  await emulator.call('reset');
  await emulator.call('fault', 'token', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
  const healed = await app.acquireToken({ ...REQUEST, forceRefresh: true });
  assert.notEqual(healed.binding.certificate.x5tS256, certificate.x5tS256);
  assert.deepEqual(await countLegs(emulator), { metadata: 1, issued: 1, token: 1 });
});
