// A certificate that the service no longer accepts is replaced once, over WinHTTP, whatever says so (D22).
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { countLegs, startWorld } from '../guest/rig.mjs';

const REQUEST = { resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true };
let emulator;
let app;
before(async () => {
  emulator = await startWorld('self-healing');
  app = new ManagedIdentityApplication();
  await app.acquireToken(REQUEST);
});
after(() => emulator.close());
// Each test begins eleven minutes after the one before: a lost connection alone replaces no certificate that is itself a
// replacement of the last ten (D22).
const elapsedMs = performance.now.bind(performance);
let skippedMs = 0;
performance.now = () => elapsedMs() + skippedMs;
beforeEach(() => {
  skippedMs += 11 * 60_000;
  return emulator.call('reset');
});

const oauth = (error, code) => ({
  oauthError: { error, error_description: `AADSTS${code}: refused.`, error_codes: [code] },
});

for (const [what, fault] of [
  ['invalid_client', oauth('invalid_client', 700000)],
  ['AADSTS1000901 under another OAuth error', oauth('invalid_request', 1000901)],
  ['AADSTS1000610', oauth('invalid_request', 1000610)],
  ['AADSTS1000614', oauth('invalid_grant', 1000614)],
  ['a connection reset during the handshake', { reset: 'handshake' }],
  ['a connection closed before the first byte of an answer', { reset: 'before-response' }],
]) {
  test(`${what}: one new certificate, one more token request, success`, async () => {
    const before = (await app.acquireToken(REQUEST)).binding.certificate.x5tS256;
    await emulator.call('fault', 'token', [fault]);
    const healed = await app.acquireToken({ ...REQUEST, forceRefresh: true });
    assert.notEqual(healed.binding.certificate.x5tS256, before);
    const { issued, token } = await countLegs(emulator);
    assert.equal(issued, 1);
    // A handshake that failed is not a request.
    assert.equal(token, fault.reset === 'handshake' ? 1 : 2);
  });
}

test('a second refusal propagates unchanged', async () => {
  const fault = oauth('invalid_client', 1000901);
  await emulator.call('fault', 'token', [fault, fault]);
  await assert.rejects(app.acquireToken({ ...REQUEST, forceRefresh: true }), {
    errorCode: 'invalid_client',
    aadstsCode: '1000901',
  });
  const { issued, token } = await countLegs(emulator);
  assert.deepEqual({ issued, token }, { issued: 1, token: 2 });
});

test('a server error is not the fault of the certificate', async () => {
  await emulator.call('fault', 'token', [{ status: 500 }, { status: 500 }]);
  await assert.rejects(app.acquireToken({ ...REQUEST, forceRefresh: true }), { errorCode: 'service_not_available' });
  assert.equal((await countLegs(emulator)).issued, 0);
});
