// What becomes of a key when Windows fails: nothing, unless the failure says that the key is gone.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { addon, countLegs, runScript, SESSION, start, startWorld } from '../guest/rig.mjs';

const KEY = { providerName: 'Microsoft Software Key Storage Provider', keyName: 'keys-test', scope: 'user' };
let emulator;
before(async () => {
  emulator = await startWorld('keys');
});
after(() => emulator.close());
beforeEach(() => emulator.call('reset'));

async function acquire(namespace, env = {}, options = {}) {
  const settings = { KEYGUARD_SIM_NAMESPACE: namespace, ACQUIRE: JSON.stringify(options), ...env };
  const { status, result, output, errors } = await runScript('acquire.mjs', { env: settings });
  assert.equal(status, 0, output + errors);
  return result;
}

for (const [what, rule, retryable] of [
  ['the key service is not ready', 'NCryptSignHash=80090030', true],
  ['the isolation of the key cannot be read', 'NCryptGetProperty=8009002d', true],
]) {
  test(`${what}: a typed error, and the key and its certificate are still there`, async () => {
    const namespace = `passing-${rule}`;
    const first = await acquire(namespace);
    const { error } = await acquire(namespace, { KEYGUARD_SIM_FAIL: rule });
    assert.equal(error.errorCode, 'key_unavailable', JSON.stringify(error));
    assert.equal(error.retryable, retryable);
    await emulator.call('reset');
    assert.equal((await acquire(namespace)).x5tS256, first.x5tS256);
    assert.equal((await countLegs(emulator)).issued, 0);
  });
}

test('a key that cannot be decrypted any more is replaced, with its certificate', async () => {
  const first = await acquire('dead', { KEYGUARD_SIM_BOOT_ID: 'one' });
  const second = await acquire('dead', { KEYGUARD_SIM_BOOT_ID: 'two' });
  assert.notEqual(second.x5tS256, first.x5tS256);
  assert.equal(second.error, undefined);
});

test('flags that the provider does not know are an error, not a host without isolation', async () => {
  const env = { KEYGUARD_SIM_FAIL: 'NCryptCreatePersistedKey=80090009' };
  const { capabilities, error } = await acquire('bad-flags', env, { capabilities: true });
  assert.equal(capabilities.isMtlsPopSupportedByHost, true);
  assert.equal(error.errorCode, 'key_unavailable');
  assert.deepEqual(error.win32, { api: 'NCryptCreatePersistedKey', code: 0x80090009 });
});

test('the question whether isolated keys can be had names no key and asks for none that lives per boot', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'keys-')), 'calls.txt');
  process.env.KEYGUARD_SIM_LOG = log;
  try {
    assert.equal(await addon.supportsIsolatedKeys(KEY), true);
  } finally {
    delete process.env.KEYGUARD_SIM_LOG;
  }
  const created = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('NCryptCreatePersistedKey'));
  assert.equal(created.length, 1);
  assert.match(created[0], /NCryptCreatePersistedKey +flags=131072/);
});

const derOf = (pem) => new X509Certificate(pem).raw;

test('a certificate of another key is not bound', async () => {
  const server = await start('stream', { demand: false });
  try {
    await addon.createIsolatedKey(KEY, 2048);
    await assert.rejects(addon.openSession(SESSION, derOf(server.ca), KEY), {
      api: 'NCryptOpenKey',
      status: 0x80090015,
    });
    await assert.rejects(addon.openSession(SESSION, Buffer.from('no certificate'), KEY), {
      api: 'CertCreateCertificateContext',
    });
  } finally {
    await server.close();
  }
});

test('adding a certificate does not fail although the store cannot commit', async () => {
  const prefix = 'MSAL-MI-COMMIT-TEST|';
  const server = await start('stream', { demand: false });
  const certificate = derOf(server.ca);
  await server.close();
  await addon.createIsolatedKey(KEY, 2048); // from here on the simulation has its hands in the store
  process.env.KEYGUARD_SIM_FAIL = 'CertControlStore=00000005';
  try {
    await addon.addCertificate(certificate, `${prefix}one`, KEY);
    assert.equal((await addon.listCertificates(prefix)).length, 1);
    // A deletion that was not written comes back.
    const denied = { api: 'CertControlStore', status: 5 };
    await assert.rejects(addon.deleteCertificates(prefix, [certificate]), denied);
  } finally {
    delete process.env.KEYGUARD_SIM_FAIL;
  }
});

test('without a prefix nothing is deleted from the store', () => {
  assert.throws(() => addon.deleteCertificates('', [Buffer.alloc(1)]), TypeError);
});
