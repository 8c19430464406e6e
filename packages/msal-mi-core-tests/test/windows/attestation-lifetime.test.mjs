// Attestations that outlive what started them: processes that end, workers that go, threads of the library that stay.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createAttestationProvider } from 'msal-key-attestation';
import { libraryPath, openJournal, steer, tokenWith, untilAttesting, verbs } from '../guest/attestation.mjs';
import { probe as rig, runScript } from '../guest/rig.mjs';

const KEY_NAME = 'MsalMiAttestationLifetimeTest';
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName: KEY_NAME, scope: 'user' };
const request = { endpoint: 'https://maa.example.net', clientId: 'main', cacheKey: '', key };
const TOKEN = tokenWith({ exp: 1_800_003_600 });
const WHOLE = ['init', 'attest', 'free', 'uninit'];

assert.equal(rig.createPlainKey(KEY_NAME), 0);
let readJournal;
beforeEach(() => {
  steer({ TOKEN });
  readJournal = openJournal();
});

const leave = (how) => runScript('attest-and-exit.mjs', { args: [libraryPath, KEY_NAME, how] });
const startWorker = (count) =>
  new Worker(new URL('../guest/attestation-worker.mjs', import.meta.url), {
    workerData: { libraryPath, keyName: KEY_NAME, count },
  });

test('a process that has nothing else to do waits for its attestation', async () => {
  steer({ TOKEN, DELAY_MS: 200 });
  const { status, result, errors } = await leave('finish');
  assert.deepEqual({ status, result }, { status: 0, result: { jwt: TOKEN } }, errors);
  assert.deepEqual(verbs(readJournal()), WHOLE);
});

test('process.exit during an attestation ends with its own code, and the library is left in order', async () => {
  steer({ TOKEN, DELAY_MS: 300 });
  const { status, errors } = await leave('exit');
  assert.equal(status, 7, errors);
  assert.deepEqual(verbs(readJournal()), WHOLE);
});

test('an uncaught exception during an attestation ends as such', async () => {
  steer({ TOKEN, DELAY_MS: 300 });
  const { status, errors } = await leave('throw');
  assert.equal(status, 1);
  assert.match(errors, /Error: as told/);
});

test('a process ends although a thread of the library goes on logging', async () => {
  steer({ TOKEN, LATE_LOG: 1 });
  for (let run = 0; run < 3; run += 1) {
    const { status, errors } = await leave('finish');
    assert.equal(status, 0, errors);
  }
});

test('three workers and the main thread attest at the same time, one after the other', async () => {
  steer({ TOKEN, DELAY_MS: 10, THREADS: 2 });
  const workers = [startWorker(4), startWorker(4), startWorker(4)];
  const messages = [];
  for (const worker of workers) worker.on('message', (message) => messages.push(message));
  const provider = createAttestationProvider({ libraryPath });
  const own = Promise.all(Array.from({ length: 4 }, () => provider.attest(request)));
  const exits = await Promise.all(workers.map((worker) => once(worker, 'exit')));
  await own;
  assert.deepEqual(exits, [[0], [0], [0]]);
  assert.equal(messages.length, 12);
  for (const { jwt, lines } of messages) {
    assert.equal(jwt, TOKEN);
    assert.ok(lines > 0);
  }
  assert.deepEqual(verbs(readJournal()), Array.from({ length: 16 }, () => WHOLE).flat());
});

test('a worker that is terminated during an attestation leaves the library in order for the others', async () => {
  for (let run = 0; run < 3; run += 1) {
    steer({ TOKEN, DELAY_MS: 200, THREADS: 2 });
    readJournal = openJournal();
    const worker = startWorker(1);
    await untilAttesting(readJournal);
    await worker.terminate();
    steer({ TOKEN });
    assert.equal((await createAttestationProvider({ libraryPath }).attest(request)).jwt, TOKEN);
    assert.deepEqual(verbs(readJournal()), [...WHOLE, ...WHOLE]);
  }
});

test('workers come and go while a thread of the library goes on logging', async () => {
  steer({ TOKEN, LATE_LOG: 1 });
  for (let run = 0; run < 3; run += 1) {
    const [status] = await once(startWorker(1), 'exit');
    assert.equal(status, 0);
  }
  steer({ TOKEN });
  assert.equal((await createAttestationProvider({ libraryPath }).attest(request)).jwt, TOKEN);
});

test('the log callback stays when the only thread that ever attested is gone', async () => {
  steer({ TOKEN, LATE_LOG: 1 });
  const { status, result, errors } = await runScript('attest-in-worker-only.mjs', { args: [libraryPath, KEY_NAME] });
  assert.deepEqual({ status, result }, { status: 0, result: { status: 0 } }, errors);
});
