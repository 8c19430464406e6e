/** How much of the library an acquisition runs through: what a reader has to follow. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = resolve(import.meta.dirname, 'programs/print-path.mjs');

test('a cold acquisition runs through at most 40 files, and one from the cache through none that it does not', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, '--json']);
  const { cold, warm } = JSON.parse(stdout) as Record<'cold' | 'warm', Record<string, string[]>>;

  expect(Object.keys(cold).length).toBeLessThanOrEqual(40);
  expect(Object.keys(cold)).toEqual(expect.arrayContaining(Object.keys(warm)));
});
