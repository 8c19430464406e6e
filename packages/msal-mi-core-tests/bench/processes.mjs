/** Child processes of the bench: the emulator, and one process for each thing that is measured. */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export async function startEmulatorProcess() {
  const child = fork(resolve(import.meta.dirname, 'emulator.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ env }] = await once(child, 'message');
  return {
    env,
    /** How many requests each leg has seen since this was last asked. */
    async requests() {
      const answered = once(child, 'message');
      child.send('requests');
      const [counts] = await answered;
      return counts;
    },
    stop() {
      child.disconnect();
    },
  };
}

/** Runs a subject of the bench and returns the JSON that it prints. */
export async function measure(subject, { env = {}, args = [], nodeOptions = [] } = {}) {
  const file = resolve(import.meta.dirname, 'subjects', subject);
  const { stdout } = await run(process.execPath, [...nodeOptions, file, ...args], {
    env: { ...process.env, ...env },
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return JSON.parse(stdout);
}
