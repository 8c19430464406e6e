// Marshalling and the asynchronous layers, in a build with sanitizers: node --expose-gc addon-test.mjs <addon.node>
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const addonPath = isMainThread ? process.argv[2] : workerData;
const addon = createRequire(import.meta.url)(addonPath);
const KEY = { providerName: 'p', keyName: 'k', scope: 'user' };
const LIMITS = { resolveTimeoutMs: 0, connectTimeoutMs: 0, sendTimeoutMs: 0, receiveTimeoutMs: 0 };
const SESSION = { proxy: 'direct', allowTls13: false, ...LIMITS };
const REQUEST = { method: 'GET', host: 'h', port: 443, path: '/', headers: '', body: new Uint8Array(0) };
const request = (more) => ({ ...REQUEST, responseTimeoutMs: 0, readAheadBytes: 2, ...more });

async function exchange(session, more) {
  let text = '';
  return new Promise((resolve, reject) => {
    const sent = session.send(request(more), (kind, value) => {
      if (kind === 'writable') sent.write(new Uint8Array([1, 2, 3]));
      if (kind === 'data') {
        text += value;
        sent.grant(2);
      }
      if (kind === 'end') resolve(text);
      if (kind === 'failure') reject(new Error(JSON.stringify(value)));
    });
  });
}

async function useEverything() {
  const probe = await addon.probeKey(KEY);
  assert.equal(probe.modulus.length, 256);
  assert.deepEqual([...probe.isolation], [1, 0, 0, 0]);
  assert.equal((await addon.createIsolatedKey({ ...KEY, scope: 'machine' }, 4096)).modulus.length, 512);
  assert.equal((await addon.signPssSha256(KEY, probe, Buffer.alloc(32))).length, 288);
  assert.equal(await addon.supportsIsolatedKeys(KEY), true);
  const [first, empty] = await addon.listCertificates('p|');
  assert.deepEqual([...first.certificate], [1, 2, 3]);
  assert.equal(first.friendlyName, 'p|\u00e9\u{1F511}');
  assert.equal(empty.certificate.length, 0);
  await addon.addCertificate(new Uint8Array([1]), 'n', KEY);
  assert.equal(await addon.deleteCertificates('p', [new Uint8Array(3), new Uint8Array(0)]), 2);
  assert.throws(() => addon.deleteCertificates('', [new Uint8Array(3)]), TypeError);
  await assert.rejects(addon.probeKey({ ...KEY, keyName: 'missing' }), { api: 'NCryptOpenKey', status: 0x80090016 });
  for (const keyName of ['broken', 'no-memory', 'foreign']) {
    await assert.rejects(addon.probeKey({ ...KEY, keyName }), { api: 'std::exception', status: 14 });
    await assert.rejects(addon.openSession(SESSION, new Uint8Array([1]), { ...KEY, keyName }), { status: 14 });
  }
  for (const wrong of [undefined, null, 1, 'k', [], { ...KEY, keyName: {} }, { ...KEY, scope: 'x' }]) {
    assert.throws(() => addon.probeKey(wrong), TypeError);
  }
  for (const wrong of [NaN, -1, 0.5, 2 ** 33, '2048', undefined]) {
    assert.throws(() => addon.createIsolatedKey(KEY, wrong), TypeError);
  }
  for (const wrong of [new Uint16Array(2), 'text', new ArrayBuffer(2), new Uint8Array(2 ** 17)]) {
    assert.throws(() => addon.addCertificate(wrong, 'n', KEY), TypeError);
  }

  const session = await addon.openSession(SESSION, new Uint8Array([1]), KEY);
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => exchange(session))), Array(20).fill('hello'));
  assert.equal(await exchange(session, { body: 6 }), 'hello');
  for (let i = 0; i < 20; i += 1) {
    const sent = session.send(request(), () => undefined);
    if (i % 2 === 0) await delay(1);
    sent.abort();
    sent.abort();
    assert.equal(sent.write(new Uint8Array(1)), false);
  }
  const broken = ['GET /\r\nX: y', 'a b', '\0', '\x7f'].flatMap((text) => [
    { method: text },
    { path: text },
    { host: text },
  ]);
  for (const wrong of [{ port: 70000 }, { body: 0 }, { body: 'x' }, { headers: 5 }, ...broken]) {
    assert.throws(() => session.send(request(wrong), () => undefined), TypeError);
  }
  assert.throws(() => session.send(request()), TypeError);
  session.close();
  assert.throws(() => session.send(request(), () => undefined), /closed/);
  assert.throws(() => new session.constructor(), TypeError);

  const lock = addon.acquireLock('free', 1000);
  assert.equal(await lock.settled, 'acquired');
  assert.throws(() => session.send.call(lock, request(), () => undefined), TypeError);
  lock.release();
  assert.equal(await addon.acquireLock('busy', 1).settled, 'busy');
  const waiting = addon.acquireLock('busy', 60_000);
  waiting.release();
  assert.equal(await waiting.settled, 'cancelled');
  assert.throws(() => addon.acquireLock('refused', 1), { api: 'CreateEventW', status: 8 });
  assert.throws(() => addon.acquireLock('no-thread', 1), { api: 'std::exception', status: 14 });
  await assert.rejects(addon.acquireLock('fails', 1).settled, { api: 'LockFileEx', status: 5 });
  for (const name of ['', 'a\\b', 'a/b', 'C:', '..']) assert.throws(() => addon.acquireLock(name, 1), TypeError);
  globalThis.gc?.();
  // Left behind on purpose: the environment ends with these in flight.
  const left = await addon.openSession(SESSION, null, null);
  for (let i = 0; i < 10; i += 1) left.send(request(), () => undefined);
  addon.acquireLock('busy', 50);
}

await useEverything();
if (isMainThread) {
  for (const end of ['itself', 'terminated']) {
    const worker = new Worker(new URL(import.meta.url), { workerData: addonPath });
    const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    if (end === 'terminated') {
      await delay(150);
      await worker.terminate();
    }
    const status = await ended;
    if (end === 'itself') assert.equal(status, 0);
  }
  console.log('passed');
}
// What was left behind would keep the process alive, as unread answers do.
process.exit(0);
