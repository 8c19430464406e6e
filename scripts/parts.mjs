/** Runs the parts of a command one after the other and stops at the first that fails, by name. */
import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { root } from './workspace.mjs';

const seconds = (sinceMs) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/**
 * @param title - what the parts are together
 * @param parts - `name`; `command` and `args`; `cwd`, default the root; `env`, default this one's; `skip`, a reason not to
 *   run it. A `quiet` part announces itself only when it fails.
 */
export function runParts(title, parts) {
  const startedAtMs = performance.now();
  for (const { name, command, args, cwd = root, env = process.env, skip, quiet = false } of parts) {
    if (skip !== undefined) {
      console.log(`\n== ${name}: skipped, ${skip}`);
      continue;
    }
    if (!quiet) console.log(`\n== ${name}`);
    const partStartedAtMs = performance.now();
    // pnpm and turbo are scripts on Windows, which only a shell can start; no argument comes from outside.
    const shell = process.platform === 'win32' && !/node\.exe$/i.test(command);
    const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit', shell });
    if (status !== 0) {
      const why = error?.message ?? (signal ? `ended by ${signal}` : `exit code ${status}`);
      console.error(`\n${title} FAILED in "${name}" (${why}) after ${seconds(startedAtMs)}`);
      process.exit(status || 1);
    }
    if (!quiet) console.log(`== ${name}: passed in ${seconds(partStartedAtMs)}`);
  }
  if (title !== undefined) console.log(`\n${title} passed in ${seconds(startedAtMs)}`);
}
