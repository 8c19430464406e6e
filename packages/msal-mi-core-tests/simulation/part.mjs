/** A thread of simulate.mjs: it simulates one part of the fleet after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from './fleet.mjs';
import { loadLibrary } from './library.mjs';

const library = await loadLibrary(workerData.library);
parentPort.on('message', async (part) => parentPort.postMessage(await simulate(part, library)));
