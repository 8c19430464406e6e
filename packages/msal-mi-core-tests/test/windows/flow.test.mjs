// The seven steps with a key of the simulated KeyGuard. Each scenario is one process or several, as on a real host.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAuthorizationHeader, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { countLegs, probe, runScript, startWorld } from '../guest/rig.mjs';

const KEY_NAME = 'MsalMiKeyGuardRsaKey';
const RESOURCE = 'https://graph.microsoft.com';
const { KeyGuard, Software } = MtlsBindingStrength;
let emulator;
before(async () => {
  emulator = await startWorld('flow');
});
after(() => emulator.close());
beforeEach(() => emulator.call('reset'));

/** Another process of the same user, with a key store of its own unless the namespace is one used before. */
async function acquire(namespace, { env = {}, ...options } = {}) {
  const settings = { KEYGUARD_SIM_NAMESPACE: namespace, ACQUIRE: JSON.stringify(options), ...env };
  const { status, result, output, errors } = await runScript('acquire.mjs', { env: settings });
  assert.equal(status, 0, output + errors);
  return result;
}

test('D02: a first token takes one request per leg and is bound to the certificate that the resource sees', async () => {
  const app = new ManagedIdentityApplication();
  const result = await app.acquireToken({ resource: RESOURCE, mtlsProofOfPossession: true });
  assert.equal(result.tokenType, 'mtls_pop');
  assert.equal(result.binding.strength, KeyGuard);
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

test('the private key cannot be exported, neither by us nor by Windows', async () => {
  const result = await acquire('export', { exportKey: true, tlsOptions: true });
  assert.equal(result.strength, KeyGuard);
  assert.equal(result.tlsOptions, 'key_not_exportable');
  assert.equal(result.exportStatus, 0x80090029);
});

test('I41: a second process uses the key and the certificate of the first', async () => {
  const first = await acquire('restart');
  await emulator.call('reset');
  const second = await acquire('restart');
  assert.equal(second.x5tS256, first.x5tS256);
  assert.deepEqual(await countLegs(emulator), { metadata: 0, issued: 0, token: 1 });
});

test('I39: persistence can be switched off', async () => {
  const env = { MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE: 'TRUE' };
  await acquire('no-store', { env });
  await acquire('no-store', { env });
  assert.equal((await countLegs(emulator)).issued, 2);
});

test('D03, D15: after a reboot the key no longer signs: a new key, the old certificate purged, one new certificate', async () => {
  const first = await acquire('reboot', { env: { KEYGUARD_SIM_BOOT_ID: 'one' } });
  await emulator.call('reset');
  const second = await acquire('reboot', { env: { KEYGUARD_SIM_BOOT_ID: 'two' } });
  assert.notEqual(second.x5tS256, first.x5tS256);
  assert.equal(second.strength, KeyGuard);
  assert.deepEqual(await countLegs(emulator), { metadata: 1, issued: 1, token: 1 });
  await emulator.call('reset');
  const third = await acquire('reboot', { env: { KEYGUARD_SIM_BOOT_ID: 'two' } });
  assert.equal(third.x5tS256, second.x5tS256);
  assert.equal((await countLegs(emulator)).issued, 0);
});

test('without VBS the default floor is not met, before any request', async () => {
  const { error } = await acquire('no-vbs', { env: { KEYGUARD_SIM_NO_VBS: '1' } });
  assert.equal(error.errorCode, 'min_strength_not_met');
  assert.ok(error.remediation);
  assert.deepEqual(await countLegs(emulator), { metadata: 0, issued: 0, token: 0 });
});

test('without VBS and with the Software floor the software path works', async () => {
  const { ca } = await import('node:fs').then(({ mkdtempSync, writeFileSync }) => {
    const file = `${mkdtempSync(`${process.env.TEMP}\\rig-`)}\\ca.pem`;
    writeFileSync(file, emulator.emulatorCa);
    return { ca: file };
  });
  const result = await acquire('no-vbs-software', {
    minStrength: Software,
    env: { KEYGUARD_SIM_NO_VBS: '1', NODE_EXTRA_CA_CERTS: ca },
  });
  assert.deepEqual(result.error, undefined);
  assert.equal(result.strength, Software);
  assert.equal(result.confirmed, result.x5tS256);
});

test('D05: keys that are not isolated although asked for do not count', async () => {
  const { error } = await acquire('not-isolated', { env: { KEYGUARD_SIM_VIRTUAL_ISO: '0' } });
  assert.equal(error.errorCode, 'min_strength_not_met');
  assert.equal((await countLegs(emulator)).issued, 0);
});

test('D04: a key without isolation that somebody left under our name is replaced', async () => {
  process.env.KEYGUARD_SIM_NAMESPACE = 'left-behind';
  assert.equal(probe.createPlainKey(KEY_NAME), 0);
  const result = await acquire('left-behind');
  assert.equal(result.strength, KeyGuard);
});

test('a key that cannot be created is a typed error with the Windows code', async () => {
  const { error } = await acquire('no-create', { env: { KEYGUARD_SIM_FAIL: 'NCryptFinalizeKey=80090020' } });
  assert.equal(error.errorCode, 'key_unavailable');
  assert.equal(error.stage, 'key');
  assert.deepEqual(error.win32, { api: 'NCryptFinalizeKey', code: 0x80090020 });
});

test('a key that never signs is a typed error with the Windows code', async () => {
  const { error } = await acquire('no-sign', { env: { KEYGUARD_SIM_FAIL: 'NCryptSignHash=80090030' } });
  assert.equal(error.errorCode, 'key_unavailable');
  assert.deepEqual(error.win32, { api: 'NCryptSignHash', code: 0x80090030 });
  assert.equal((await countLegs(emulator)).issued, 0);
});

test('a full certificate store costs nothing but the next process a certificate', async () => {
  const env = { KEYGUARD_SIM_FAIL: 'CertAddCertificateContextToStore=00000070' };
  const first = await acquire('full', { env });
  assert.equal(first.strength, KeyGuard);
  await acquire('full', { env });
  assert.equal((await countLegs(emulator)).issued, 2);
});

test('I56: a key lock that another process never gives back is a typed, retryable error; its death frees the lock', async () => {
  const { lockName } = await import('../node_modules/msal-mi-core/dist/platform/win32/interprocess-lock.js');
  const script = fileURLToPath(new URL('../guest/hold-lock.mjs', import.meta.url));
  const holder = spawn(process.execPath, [script, lockName('key', KEY_NAME)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(holder.stdout, 'data');
  assert.match(String(line), /acquired/);
  const { error } = await acquire('busy');
  assert.equal(error.errorCode, 'key_unavailable');
  assert.equal(error.retryable, true);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  assert.equal((await acquire('busy')).strength, KeyGuard);
});

test('capabilities say KeyGuard and create no key', async () => {
  const namespace = 'capabilities';
  const env = { KEYGUARD_SIM_FAIL: 'NCryptFinalizeKey=80090020' };
  const { capabilities, error } = await acquire(namespace, { env, capabilities: true });
  assert.equal(capabilities.maxSupportedBindingStrength, KeyGuard);
  assert.equal(capabilities.isMtlsPopSupportedByHost, true);
  assert.equal(error.errorCode, 'key_unavailable', 'the query must not have needed a key');
  process.env.KEYGUARD_SIM_NAMESPACE = namespace;
  assert.equal(probe.deleteKey(KEY_NAME), 0x80090016);
});
