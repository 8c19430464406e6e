/** Everything that must hold, in order of cost. Started by `npm test`, which puts pnpm and turbo on PATH. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

const suites = resolve(root, 'packages/msal-mi-core-tests');
const { scripts } = JSON.parse(readFileSync(resolve(suites, 'package.json'), 'utf8'));

const CHECKS = [
  'build',
  'msal-mi-core-tests#typecheck',
  'lint',
  'lint:rules',
  'format:check',
  'api:check',
  'errors:check',
];

runParts('npm test', [
  {
    name: 'build, types, lint, format, unused code, public API',
    command: 'turbo',
    args: ['run', ...CHECKS, '--log-order=grouped', '--output-logs=errors-only'],
  },
  { name: 'unit, contract, flow, tls and lifetime tests', command: 'pnpm', args: ['--silent', 'test'], cwd: suites },
  { name: 'package tests', command: 'pnpm', args: ['--silent', 'test:package'], cwd: suites },
  {
    name: 'Windows tests',
    command: 'pnpm',
    args: ['--silent', 'test:windows'],
    cwd: suites,
    skip: scripts['test:windows'] === undefined ? 'there are none yet' : undefined,
  },
]);
