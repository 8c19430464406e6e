// The attested flow: a library that collects real evidence, a service that judges it, and an IMDS that insists on it.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { createAuthorizationHeader, isMsalMiError, ManagedIdentityApplication, MsiV2Error } from 'msal-mi-core';
import { createAttestationProvider } from 'msal-key-attestation';
import { claimsOf, libraryPath, openJournal, steer, untilAttesting } from '../guest/attestation.mjs';
import { startWorld } from '../guest/rig.mjs';

const request = { resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true, withAttestationSupport: true };
const REFUSED = { oauthError: { error: 'invalid_client', error_description: 'AADSTS1000901: certificate' } };
const BAD_EVIDENCE = {
  oauthError: { error: 'invalid_request', error_description: 'AADSTS1000610: credential', error_codes: [1000610] },
};

let emulators;
before(async () => {
  // Both before the first handshake: their authorities are read once per process.
  const required = await startWorld('attestation-flow', { attestation: 'required' });
  const optional = await startWorld('attestation-flow', { attestation: 'optional' });
  emulators = { required, optional };
  process.env.MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE = '1';
});
after(() => Promise.all(Object.values(emulators).map((emulator) => emulator.close())));
beforeEach(() => {
  steer();
  delete process.env.FAKE_ATTESTATION_JOURNAL;
  process.env.ATTESTATION_CLIENTLIB_PATH = libraryPath;
});

/**
 * An application without any token, certificate or attestation. The key is the same throughout the file.
 * @param attestationProvider - Null: the one that msal-mi-core finds.
 */
async function openWorld({ attestation = 'required', attestationProvider = createAttestationProvider() } = {}) {
  const emulator = emulators[attestation];
  await emulator.call('reset');
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
  const app = new ManagedIdentityApplication(attestationProvider === null ? {} : { attestationProvider });
  app.clearCache();
  const urls = async () => (await emulator.call('journal')).map(({ url }) => url);
  return {
    emulator,
    app,
    async counts() {
      const seen = await urls();
      const count = (part) => seen.filter((url) => url.includes(part)).length;
      return { attested: count('/attest/keyguard'), issued: count('/issuecredential'), token: count('/oauth2/') };
    },
    /** The attestation tokens that IMDS was sent, oldest first. */
    async evidence() {
      const journal = await emulator.call('journal');
      const sent = journal.filter(({ url }) => url.includes('/issuecredential'));
      return sent.map(({ body }) => JSON.parse(body).attestation_token);
    },
    /** The service refuses the certificate once: a re-mint follows. */
    async renew(fault = REFUSED) {
      await emulator.call('fault', 'token', [fault]);
      return app.acquireToken({ ...request, forceRefresh: true });
    },
  };
}

const publicKeyOf = ({ bindingCertificate }) =>
  new X509Certificate(bindingCertificate.x5c).publicKey.export({ format: 'jwk' });
const attestedKey = (jwt) => claimsOf(jwt)['x-ms-runtime'].keys[0];

test('F01: an attested token is bound to the very key that was attested', async () => {
  const { emulator, app, counts, evidence } = await openWorld({ attestationProvider: null });
  const result = await app.acquireToken(request);
  assert.deepEqual(await counts(), { attested: 1, issued: 1, token: 1 });

  const [jwt] = await evidence();
  const { n, e } = publicKeyOf(result);
  assert.deepEqual({ n: attestedKey(jwt).n, e: attestedKey(jwt).e }, { n, e });
  assert.equal(claimsOf(jwt)['x-ms-isolation'], true);

  const response = await result.binding.fetch(`${emulator.resources.handshake}/echo`, {
    headers: { authorization: createAuthorizationHeader(result) },
  });
  assert.equal(response.status, 200, await response.clone().text());
});

test('without attestation the same IMDS refuses: the evidence is what lets the flow pass', async () => {
  const { app, counts } = await openWorld();
  await assert.rejects(app.acquireToken({ ...request, withAttestationSupport: false }), {
    errorCode: 'managed_identity_request_failed',
  });
  assert.deepEqual(await counts(), { attested: 0, issued: 1, token: 0 });
});

test('F38: 32 concurrent first calls take one attestation', async () => {
  const { app, counts } = await openWorld();
  const results = await Promise.all(Array.from({ length: 32 }, () => app.acquireToken(request)));
  assert.equal(new Set(results.map(({ accessToken }) => accessToken)).size, 1);
  assert.deepEqual(await counts(), { attested: 1, issued: 1, token: 1 });
});

test('F25, F39: a second mint with the same key uses the same attestation', async () => {
  const { app, counts, evidence, renew } = await openWorld();
  await app.acquireToken(request);
  await renew();
  assert.deepEqual(await counts(), { attested: 1, issued: 2, token: 3 });
  assert.equal(new Set(await evidence()).size, 1);
});

test('a refusal of the evidence itself (AADSTS1000610) is answered with a new attestation', async () => {
  const { app, counts, evidence, renew } = await openWorld();
  await app.acquireToken(request);
  await renew(BAD_EVIDENCE);
  assert.deepEqual(await counts(), { attested: 2, issued: 2, token: 3 });
  assert.equal(new Set(await evidence()).size, 2);
});

test('F26: at 90 % of its lifetime an attestation is not used for another mint', async () => {
  const startedAtMs = Date.now();
  const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs };
  const attestationProvider = createAttestationProvider({ clock });
  const { app, counts, renew } = await openWorld({ attestationProvider });
  await app.acquireToken(request);
  clock.aheadMs = 0.9 * 86_400_000 - (Date.now() - startedAtMs) - 60_000;
  await renew();
  assert.equal((await counts()).attested, 1);
  clock.aheadMs += 120_000;
  await renew();
  assert.equal((await counts()).attested, 2);
});

test('a key that had to be re-created is attested again', async () => {
  const { app, counts, evidence, renew } = await openWorld();
  const before = await app.acquireToken(request);
  // From here on, for the rest of the file: the key of the first boot opens and no longer signs.
  process.env.KEYGUARD_SIM_BOOT_ID = 'second boot';
  const after = await renew();
  assert.notEqual(publicKeyOf(after).n, publicKeyOf(before).n);
  assert.equal((await counts()).attested, 2);
  assert.deepEqual(
    (await evidence()).map((jwt) => attestedKey(jwt).n),
    [publicKeyOf(before).n, publicKeyOf(after).n],
  );
});

for (const [what, settings] of [
  ['rejects the evidence', { CODE: -6 }],
  ['cannot be initialised', { INIT_CODE: -35 }],
  ['returns no token', { TOKEN: '(null)' }],
  ['returns an empty token', { TOKEN: '(empty)' }],
  ['returns a token without dots', { TOKEN: 'opaque-token' }],
]) {
  test(`F03, F07, F43: when the library ${what}, the call ends, nothing is sent to IMDS and nothing is kept`, async () => {
    const { app, counts } = await openWorld();
    steer(settings);
    const error = await app.acquireToken(request).catch((thrown) => thrown);
    assert.ok(error instanceof MsiV2Error && isMsalMiError(error), inspect(error));
    assert.equal(error.stage, 'attestation');
    assert.match(error.errorCode, /^attestation_(failed|library_incompatible)$/);
    assert.notEqual(error.correlationId, '');
    assert.ok(!inspect(error, { depth: 9 }).includes('opaque-token'));
    assert.deepEqual(await counts(), { attested: 0, issued: 0, token: 0 });

    steer();
    await app.acquireToken(request);
    assert.deepEqual(await counts(), { attested: 1, issued: 1, token: 1 });
  });
}

test('an abort during the attestation ends the call with its reason, and nothing is sent to IMDS', async () => {
  const { app, counts } = await openWorld();
  steer({ DELAY_MS: 300 });
  const readJournal = openJournal();
  const aborter = new AbortController();
  const pending = app.acquireToken({ ...request, signal: aborter.signal });
  void untilAttesting(readJournal).then(() => aborter.abort('enough'));
  await assert.rejects(pending, (reason) => reason === 'enough');
  steer();
  await app.acquireToken(request);
  assert.equal((await counts()).issued, 1);
});

test('attested and un-attested bindings are kept apart', async () => {
  const { app, counts } = await openWorld({ attestation: 'optional' });
  const plain = await app.acquireToken({ ...request, withAttestationSupport: false });
  const attested = await app.acquireToken(request);
  assert.notEqual(attested.bindingCertificate.x5tS256, plain.bindingCertificate.x5tS256);
  assert.notEqual(attested.accessToken, plain.accessToken);
  assert.deepEqual(await counts(), { attested: 1, issued: 2, token: 2 });
});

test('F06: a missing library ends an attested call, says where to get it, and does not disturb others', async () => {
  const { app, counts } = await openWorld({ attestation: 'optional' });
  process.env.ATTESTATION_CLIENTLIB_PATH = 'C:\\nowhere\\AttestationClientLib.dll';
  const error = await app.acquireToken(request).catch((thrown) => thrown);
  assert.equal(error.errorCode, 'attestation_library_not_found');
  assert.match(error.message, /Tried: C:\\nowhere\\AttestationClientLib\.dll\..*KeyGuardAttestation/);
  assert.equal((await counts()).issued, 0);
  await app.acquireToken({ ...request, withAttestationSupport: false });
});

test('the capabilities tell whether the library can be loaded', async () => {
  const { version } = createAttestationProvider();
  const { app, counts } = await openWorld({ attestationProvider: null });
  const { attestation } = await app.getManagedIdentityCapabilities({ refresh: true });
  assert.deepEqual(attestation, { packageInstalled: true, libraryLoadable: true, version });
  process.env.ATTESTATION_CLIENTLIB_PATH = 'C:\\nowhere\\AttestationClientLib.dll';
  const without = await app.getManagedIdentityCapabilities({ refresh: true });
  assert.deepEqual(without.attestation, { packageInstalled: true, libraryLoadable: false, version });
  assert.deepEqual(await counts(), { attested: 0, issued: 0, token: 0 });
});
