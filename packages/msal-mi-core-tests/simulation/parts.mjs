/** A fleet in parts that know nothing of each other: the services answer nobody worse because others ask too. */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { withLibrary } from './library.mjs';

/** Small enough that the memory of one is not felt, and the parts are the same whatever the number of cores. */
const MACHINES_PER_PART = 250;

/** @returns requests per minute to both services, and the calls that got no token */
export async function simulateFleet({ machines, seed, onProgress }) {
  const parts = Array.from({ length: Math.ceil(machines / MACHINES_PER_PART) }, (_, index) => ({
    seed: seed * 100_003 + index,
    machines: Math.min(MACHINES_PER_PART, machines - index * MACHINES_PER_PART),
  }));
  const results = [];
  const waiting = parts.toReversed();
  const work = async (library) => {
    const worker = new Worker(new URL('part.mjs', import.meta.url), { workerData: { library } });
    for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
      worker.postMessage(part);
      const [result] = await once(worker, 'message'); // Rejects when the thread fails.
      results.push(result);
      onProgress(results.length, parts.length);
    }
    await worker.terminate(); // What the library lets a process wait for is not waited for.
  };
  const threads = Math.min(availableParallelism(), parts.length);
  await withLibrary((library) => Promise.all(Array.from({ length: threads }, () => work(library))));
  return {
    imds: sum(results, 'imds'),
    entra: sum(results, 'entra'),
    failures: results.flatMap(({ failures }) => failures),
  };
}

function sum(results, service) {
  return results
    .map((result) => result[service])
    .reduce((all, counts) => all.map((count, minute) => count + counts[minute]));
}
