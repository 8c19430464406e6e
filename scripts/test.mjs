/**
 * The tests, in order of cost. Started by `npm test`, which puts pnpm and turbo on PATH.
 *
 * Those that take minutes, other programs or what is built run in CI (where the variable CI is set), where the Windows tests
 * are required, with `npm test -- --all`, and each by its own command in packages/msal-mi-core-tests. The others read the
 * sources. `--quick` leaves out the long ones in CI too, and `--no-windows` those that do not depend on the Node.js that runs
 * this: they are what scripts/test-node.mjs asks for.
 */
import { resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

const suites = resolve(root, 'packages/msal-mi-core-tests');
const { CI, MSAL_MI_REQUIRE_WINDOWS_RIG } = process.env;
const isAskedFor = (option) => process.argv.includes(option);
const isWhole =
  !isAskedFor('--quick') &&
  (isAskedFor('--all') || [CI, MSAL_MI_REQUIRE_WINDOWS_RIG].some((value) => value !== undefined));
const later = (what) => (isWhole ? undefined : `${what}: run by CI and by "npm test -- --all"`);

runParts('npm test', [
  {
    name: 'build',
    command: 'turbo',
    args: ['run', 'build', '--log-order=grouped', '--output-logs=errors-only'],
    skip: later('for the tests of what is built'),
  },
  {
    name: 'unit, contract, flow, tls and lifetime tests',
    command: 'pnpm',
    args: ['--silent', 'test'],
    cwd: suites,
    env: isWhole ? process.env : { ...process.env, MSAL_MI_TESTS: 'quick' },
  },
  {
    name: 'conformance scenarios',
    command: process.execPath,
    args: ['scripts/quality/scenario-coverage.mjs', '--strict'],
  },
  ...(isWhole
    ? []
    : [
        {
          name: 'tests that start programs, compile, or play every combination',
          skip: later('the LONG_SUITES of packages/msal-mi-core-tests/jest.config.mjs'),
        },
      ]),
  {
    name: 'fuzzing',
    command: 'pnpm',
    args: ['--silent', 'fuzz', '--inputs', '20000', '--seed', '1'], // the night draws other seeds
    cwd: suites,
    skip: later('20 000 inputs for the parsers'),
  },
  {
    name: 'soak test',
    command: 'pnpm',
    args: ['--silent', 'test:soak'],
    cwd: suites,
    env: { ...process.env, MSAL_MI_SOAK_SEED: '1' }, // the night draws other seeds
    skip: later('20 000 acquisitions'),
  },
  {
    name: 'package tests',
    command: 'pnpm',
    args: ['--silent', 'test:package'],
    cwd: suites,
    skip: later('packs and installs the packages many times'),
  },
  {
    name: 'Windows tests',
    command: 'pnpm',
    args: ['--silent', 'test:windows'],
    cwd: suites,
    skip: isAskedFor('--no-windows')
      ? 'they have versions of Node.js of their own'
      : later('cross-builds the addons and runs them in Wine'),
  },
]);
