/** Every test, in order of cost. Started by `npm test`, which puts pnpm and turbo on PATH. */
import { resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

const suites = resolve(root, 'packages/msal-mi-core-tests');
runParts('npm test', [
  {
    name: 'build',
    command: 'turbo',
    args: ['run', 'build', '--log-order=grouped', '--output-logs=errors-only'],
  },
  { name: 'unit, contract, flow, tls and lifetime tests', command: 'pnpm', args: ['--silent', 'test'], cwd: suites },
  {
    name: 'conformance scenarios',
    command: process.execPath,
    args: ['scripts/quality/scenario-coverage.mjs', '--strict'],
  },
  { name: 'package tests', command: 'pnpm', args: ['--silent', 'test:package'], cwd: suites },
  { name: 'Windows tests', command: 'pnpm', args: ['--silent', 'test:windows'], cwd: suites },
]);
