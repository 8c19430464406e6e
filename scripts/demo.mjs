/** `npm run demo`: builds without a word, then shows the demo with the terminal's own colours. */
import { resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

runParts(undefined, [
  {
    name: 'build',
    command: 'turbo',
    args: ['run', 'build', '--log-order=grouped', '--output-logs=errors-only'],
    quiet: true,
  },
  {
    name: 'demo',
    command: 'pnpm',
    args: ['--silent', 'run', 'demo'],
    cwd: resolve(root, 'packages/msal-mi-core-tests'),
    quiet: true,
  },
]);
