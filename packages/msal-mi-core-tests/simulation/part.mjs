/** A thread of simulate.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from './fleet.mjs';

parentPort.postMessage(await simulate(workerData));
process.exit(); // What the library lets a process wait for is not waited for.
