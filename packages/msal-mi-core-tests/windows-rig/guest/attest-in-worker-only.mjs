// Attests in a worker and never in the main thread, then stays for a while. Arguments: library, key name.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const [libraryPath, keyName] = process.argv.slice(2);
const workerData = { libraryPath, keyName, count: 1 };
const [status] = await once(new Worker(new URL('attestation-worker.mjs', import.meta.url), { workerData }), 'exit');
await delay(100);
console.log(JSON.stringify({ status }));
