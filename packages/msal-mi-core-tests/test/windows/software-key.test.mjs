// Transport and store with a key of the software key storage provider: no isolation is needed, so this runs on any Windows.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { addon, isWine, probe, SESSION, start, startWorld } from '../guest/rig.mjs';

const { encodeCsr } = await import('../node_modules/msal-mi-core/dist/crypto/csr.js');

const KEY = {
  providerName: 'Microsoft Software Key Storage Provider',
  keyName: `MsalMiSoftwareKeyTest-${randomUUID()}`,
  scope: 'user',
};
const PREFIX = 'MSAL-MI-TEST|';
let emulator;
let server;
let publicKey;
let certificate;

before(async () => {
  emulator = await startWorld('software-key');
  server = await start('stream', { clientCa: emulator.emulatorCa, keepAlive: false });
  assert.equal(probe.createPlainKey(KEY.keyName), 0);
  publicKey = await addon.probeKey(KEY);
  certificate = await certificateFor(publicKey);
});
after(async () => {
  probe.deleteKey(KEY.keyName);
  await Promise.all([emulator.close(), server.close()]);
});

const base64url = (bytes) => Buffer.from(bytes).toString('base64url');

async function sign(message) {
  return addon.signPssSha256(KEY, publicKey, createHash('sha256').update(message).digest());
}

/** From the emulator's IMDS, which signs for any key. */
async function certificateFor({ modulus, exponent }) {
  const metadata = await imds('GET', 'getplatformmetadata');
  const jwk = { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) };
  const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  const { clientId, tenantId, cuId } = metadata;
  const csr = await encodeCsr({ clientId, tenantId, cuIdJson: JSON.stringify(cuId), spki, sign });
  const issued = await imds('POST', 'issuecredential', { csr: Buffer.from(csr).toString('base64') });
  return Buffer.from(issued.certificate, 'base64');
}

function imds(method, name, body) {
  const url = `${emulator.imdsUrl}/metadata/identity/${name}?cred-api-version=2.0`;
  const headers = { Metadata: 'true', 'x-ms-client-request-id': randomUUID(), 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => (response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))));
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sends one request; resolves with what arrived. */
async function exchange(session, more = {}) {
  const options = {
    method: 'GET',
    host: 'localhost',
    port: server.port,
    path: '/hello',
    headers: '',
    body: new Uint8Array(0),
    responseTimeoutMs: 5000,
    readAheadBytes: 65_536,
    ...more,
  };
  const seen = { status: 0, body: '' };
  await new Promise((resolve, reject) => {
    session.send(options, (kind, value) => {
      if (kind === 'head') seen.status = value.status;
      if (kind === 'data') seen.body += value;
      if (kind === 'end') resolve();
      if (kind === 'failure') reject(Object.assign(new Error(value.api), value));
    });
  });
  return seen;
}

test('a plain key is not isolated, and is told from one that is', () => {
  assert.equal(publicKey.isIsolated, false);
});

test('the server sees the certificate of the key', async () => {
  const session = await addon.openSession(SESSION, certificate, KEY);
  await server.call('forget');
  assert.deepEqual(await exchange(session), { status: 200, body: 'hello' });
  session.close();
  const { thumbprints } = await server.call('seen');
  assert.deepEqual(thumbprints, [createHash('sha256').update(certificate).digest('hex')]);
});

test('a response may take as long as it likes when no limit is given', async () => {
  const session = await addon.openSession(SESSION, certificate, KEY);
  assert.equal((await exchange(session, { responseTimeoutMs: 0 })).status, 200);
  session.close();
});

test('without a certificate the server that asks for one does not answer', async () => {
  const session = await addon.openSession(SESSION, null, null);
  await assert.rejects(exchange(session), (failure) => typeof failure.api === 'string' && failure.status > 0);
  session.close();
});

test(
  'a server whose certificate was revoked gets no request, one that is on no list does',
  { timeout: 60_000 },
  async () => {
    for (const [list, wanted] of [
      ['revoked', { api: 'CertGetCertificateChain', status: 12170 }],
      ['empty', undefined],
    ]) {
      const asked = await start('revocation', { clientCa: emulator.emulatorCa, list });
      const session = await addon.openSession(SESSION, certificate, KEY);
      const exchanged = exchange(session, { port: asked.port });
      await (wanted === undefined ? exchanged : assert.rejects(exchanged, wanted));
      session.close();
      // Wine sends what a callback has just closed the handle of; nothing of the answer arrives.
      if (!isWine) assert.equal((await asked.call('seen')).requests, wanted === undefined ? 1 : 0);
      assert.ok((await asked.call('lookUps')) > 0);
      await asked.close();
    }
  },
);

test('a certificate is kept in the store with the name of its key, and deleted by name and content', async () => {
  await addon.addCertificate(certificate, `${PREFIX}one`, KEY);
  const entries = await addon.listCertificates(PREFIX);
  assert.deepEqual(
    entries.map(({ friendlyName, keyName }) => ({ friendlyName, keyName })),
    [{ friendlyName: `${PREFIX}one`, keyName: KEY.keyName }],
  );
  assert.ok(new X509Certificate(entries[0].certificate).raw.equals(certificate));
  assert.equal(await addon.deleteCertificates(PREFIX, [Buffer.from('another')]), 0);
  assert.equal(await addon.deleteCertificates(PREFIX, [certificate]), 1);
  assert.deepEqual(await addon.listCertificates(PREFIX), []);
});

test('a certificate whose key was replaced is not bound any more', async () => {
  const keyName = `${KEY.keyName}-other`;
  assert.equal(probe.createPlainKey(keyName), 0);
  try {
    const other = { ...KEY, keyName };
    await assert.rejects(addon.openSession(SESSION, certificate, other), { api: 'NCryptOpenKey', status: 0x80090015 });
  } finally {
    probe.deleteKey(keyName);
  }
});
