// The addon itself: what it exports, what it refuses, and how it leaves.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, constants, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { boundImports, KNOWN_DLLS } from '../guest/imports.mjs';
import { addon, addonPath, probe, runScript, SESSION, start } from '../guest/rig.mjs';

const KEY = { providerName: 'Microsoft Software Key Storage Provider', keyName: 'addon-test', scope: 'user' };
let server;
before(async () => {
  process.env.KEYGUARD_SIM_NAMESPACE = 'addon';
  server = await start('stream', { demand: false });
});
after(() => server.close());

test('its exports are functions that take keys by name', () => {
  assert.deepEqual(Object.keys(addon).sort(), [
    'acquireLock',
    'addCertificate',
    'createIsolatedKey',
    'deleteCertificates',
    'listCertificates',
    'openSession',
    'probeKey',
    'signPssSha256',
    'supportsIsolatedKeys',
  ]);
});

test('a handle, a number or a pointer in the place of a key is refused before any work', () => {
  for (const key of [1234, 12n, null, undefined, 'name', { ...KEY, keyName: 5 }, { ...KEY, scope: 'other' }]) {
    assert.throws(() => addon.probeKey(key), TypeError);
  }
  assert.throws(() => addon.signPssSha256(KEY, { modulus: 'x', exponent: 'y' }, new Uint8Array(32)), TypeError);
  assert.throws(() => addon.createIsolatedKey(KEY, -1), TypeError);
  assert.throws(() => addon.createIsolatedKey(KEY, 2048.5), TypeError);
  assert.throws(() => addon.createIsolatedKey(KEY, NaN), TypeError);
  assert.throws(() => addon.addCertificate(new Uint8Array(65 * 1024), 'x', KEY), TypeError);
  assert.throws(() => addon.acquireLock('a\\b', 10), TypeError);
  assert.throws(() => addon.openSession({ ...SESSION, connectTimeoutMs: 2 ** 40 }, null, null), TypeError);
});

test('a name with a NUL in it reaches no Windows function', async () => {
  await assert.rejects(addon.probeKey({ ...KEY, keyName: 'a\0b' }), { api: 'ToWide', status: 87 });
});

test('objects of the addon cannot be made or mixed up by JavaScript', async () => {
  const session = await addon.openSession(SESSION, null, null);
  assert.throws(() => new session.constructor(), TypeError);
  assert.throws(() => new session.constructor({}, 1), TypeError);
  const lock = addon.acquireLock('mixed', 1000);
  assert.throws(() => session.send.call(lock, {}, () => undefined), TypeError);
  assert.throws(() => lock.release.call(session), TypeError);
  assert.equal(await lock.settled, 'acquired');
  lock.release();
  session.close();
  assert.throws(() => session.send(request('/hello'), () => undefined), /closed/);
});

test('a signature verifies with the exported public key', async () => {
  const created = await addon.createIsolatedKey(KEY, 2048);
  assert.equal(created.isIsolated, true);
  const message = Buffer.from('message');
  const signature = await addon.signPssSha256(KEY, created, createHash('sha256').update(message).digest());
  const jwk = { kty: 'RSA', n: created.modulus.toString('base64url'), e: created.exponent.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  assert.ok(verify('sha256', message, { key, ...padding }, signature));
});

test('a key that was replaced does not sign for the old one', async () => {
  const old = await addon.createIsolatedKey(KEY, 2048);
  await addon.createIsolatedKey(KEY, 2048);
  await assert.rejects(addon.signPssSha256(KEY, old, Buffer.alloc(32)), { status: 0x80090015 });
});

test('certificates are listed, added and deleted by prefix, and only whole ones', async () => {
  const der = Buffer.from(server.ca.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  await addon.addCertificate(der, 'rig-test|one', KEY);
  const [entry, ...rest] = await addon.listCertificates('rig-test|');
  assert.deepEqual(rest, []);
  assert.equal(entry.friendlyName, 'rig-test|one');
  assert.equal(entry.keyName, KEY.keyName);
  assert.deepEqual(entry.certificate, der);
  assert.deepEqual(await addon.listCertificates('other|'), []);
  assert.equal(await addon.deleteCertificates('other|', [der]), 0);
  assert.equal(await addon.deleteCertificates('rig-test|', [der]), 1);
  assert.deepEqual(await addon.listCertificates('rig-test|'), []);
  await assert.rejects(addon.addCertificate(Buffer.from('no certificate'), 'rig-test|two', KEY), {
    api: 'CertCreateCertificateContext',
  });
});

test('a lock is exclusive, can be waited for, and a wait can be given up', async () => {
  const first = addon.acquireLock('lock-test', 1000);
  assert.equal(await first.settled, 'acquired');
  assert.equal(await addon.acquireLock('lock-test', 50).settled, 'busy');
  const waiting = addon.acquireLock('lock-test', 10_000);
  const given = addon.acquireLock('lock-test', 10_000);
  given.release();
  assert.equal(await given.settled, 'cancelled');
  first.release();
  assert.equal(await waiting.settled, 'acquired');
  waiting.release();
  waiting.release();
});

const request = (path) => ({
  method: 'GET',
  host: 'localhost',
  port: server.port,
  path,
  headers: '',
  body: new Uint8Array(0),
  responseTimeoutMs: 5000,
  readAheadBytes: 1024,
});

test('it can be loaded again, and in several worker threads at once', async () => {
  const again = createRequire(import.meta.url);
  delete again.cache[addonPath];
  assert.equal(typeof again(addonPath).probeKey, 'function');
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    const addon = require(workerData.addonPath);
    (async () => {
      const isolated = await addon.supportsIsolatedKeys(workerData.key);
      const session = await addon.openSession(workerData.session, null, null);
      const text = await new Promise((resolve, reject) => {
        let body = '';
        session.send(workerData.request, (kind, value) => {
          if (kind === 'data') body += value;
          if (kind === 'end') resolve(body);
          if (kind === 'failure') reject(new Error(JSON.stringify(value)));
        });
      });
      parentPort.postMessage({ isolated, text });
    })();`;
  const workerData = { addonPath, key: KEY, session: SESSION, request: request('/hello') };
  const answers = await Promise.all(
    Array.from({ length: 4 }, () => {
      const worker = new Worker(source, { eval: true, workerData });
      return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    }),
  );
  assert.deepEqual(answers, Array(4).fill({ isolated: true, text: 'hello' }));
});

for (const how of ['exit', 'worker-exit', 'terminate']) {
  test(`leaving with requests in flight ends well (${how})`, async () => {
    const { status, output, errors } = await runScript('leave.mjs', {
      args: [how],
      env: { SLOW_PORT: String(server.port) },
    });
    assert.equal(status, 7, output + errors);
    if (how !== 'exit') assert.match(output, /alive/);
  });
}

for (const [how, isHeld] of [
  ['held', true],
  ['not-held', false],
]) {
  test(`rule D26: a process that has nothing else to do ${isHeld ? 'waits' : 'does not wait'} for a request (${how})`, async () => {
    const { status, output, errors } = await runScript('leave.mjs', {
      args: [how],
      env: { SLOW_PORT: String(server.port) },
    });
    assert.equal(status, 0, output + errors);
    assert.equal(output.includes('"head"'), isHeld, output);
  });
}

test('nothing stays open behind requests, sessions, keys and locks', async () => {
  const once = async () => {
    await addon.probeKey(KEY);
    await addon.listCertificates('x');
    const session = await addon.openSession(SESSION, null, null);
    await new Promise((resolve, reject) => {
      session.send(request('/hello'), (kind, value) => {
        if (kind === 'end') resolve();
        if (kind === 'failure') reject(new Error(JSON.stringify(value)));
      });
    });
    session.close();
    const lock = addon.acquireLock('count', 1000);
    await lock.settled;
    lock.release();
  };
  const settle = async () => {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return probe.handleCount();
  };
  for (let i = 0; i < 5; i += 1) await once();
  const before = await settle();
  for (let i = 0; i < 30; i += 1) await once();
  const grown = (await settle()) - before;
  assert.ok(grown < 15, `${grown} handles more after 30 rounds`);
});

test('the binary looks for its libraries in System32 only, and has the usual protections', () => {
  const bytes = readFileSync(addonPath);
  const pe = bytes.readUInt32LE(0x3c);
  const characteristics = bytes.readUInt16LE(pe + 24 + 70);
  for (const [name, flag] of [
    ['high entropy addresses', 0x20],
    ['relocatable', 0x40],
    ['no execution of data', 0x100],
  ]) {
    assert.ok(characteristics & flag, name);
  }
  // Imports that are bound at load time would be looked for beside the addon first; those of KnownDLLs are not.
  assert.deepEqual(
    boundImports(bytes).filter((name) => !KNOWN_DLLS.includes(name)),
    [],
  );
});
