// Leaves with requests in flight, in the way that its argument names.
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { addon, SESSION } from './rig.mjs';

const how = process.argv[2];
const port = Number(process.env.SLOW_PORT);
const openSession = () => addon.openSession(SESSION, null, null);
const request = {
  method: 'GET',
  host: 'localhost',
  port,
  path: '/slow?ms=800',
  headers: '',
  body: new Uint8Array(0),
  responseTimeoutMs: 5000,
  readAheadBytes: 1024,
};

async function startRequests(count) {
  const session = await openSession();
  for (let i = 0; i < count; i += 1) session.send(request, () => undefined);
  addon
    .probeKey({ providerName: 'Microsoft Software Key Storage Provider', keyName: 'none', scope: 'user' })
    .catch(() => undefined);
  addon.acquireLock('leave', 5000);
  await delay(100);
}

if (!isMainThread) {
  await startRequests(10);
  if (how === 'worker-exit') process.exit(0);
} else if (how === 'held' || how === 'not-held') {
  const kinds = [];
  const session = await openSession();
  session.send({ ...request, keepsProcess: how === 'held' }, (kind) => kinds.push(kind));
  process.on('exit', () => console.log(JSON.stringify(kinds)));
} else if (how === 'exit') {
  await startRequests(20);
  process.exit(7);
} else {
  for (let round = 0; round < 3; round += 1) {
    const worker = new Worker(new URL(import.meta.url), { argv: [how], env: process.env });
    const ended = new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    if (how === 'terminate') {
      await new Promise((resolve) => worker.once('online', resolve));
      await delay(300);
      await worker.terminate();
    }
    await ended;
  }
  // WinHTTP may call back for the workers that are gone: the module has to be there still.
  await delay(1200);
  console.log('alive');
  process.exit(7);
}
