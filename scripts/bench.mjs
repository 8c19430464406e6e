/** `npm run bench [-- --json]`: builds, then measures. Only the report goes to stdout. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { root } from './workspace.mjs';

const STDOUT_TO_STDERR = ['inherit', 2, 'inherit'];
const bench = resolve(root, 'packages/msal-mi-core-tests/bench/bench.mjs');

function run(command, args, stdio) {
  const shell = process.platform === 'win32' && command !== process.execPath;
  const { status, error } = spawnSync(command, args, { cwd: root, stdio, shell });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

run('turbo', ['run', 'build', '--log-order=grouped', '--output-logs=errors-only'], STDOUT_TO_STDERR);
run(process.execPath, [bench, ...process.argv.slice(2)], 'inherit');
