/**
 * The tests, in order of cost. Started by `npm test`, which puts pnpm and turbo on PATH.
 *
 * Those that take minutes or other programs run in CI (where the variable CI is set), with `npm test -- --all`, and each by
 * its own command in packages/msal-mi-core-tests.
 */
import { resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

const suites = resolve(root, 'packages/msal-mi-core-tests');
const isWhole = process.argv.includes('--all') || process.env.CI !== undefined;
const needsWindows = process.env.MSAL_MI_REQUIRE_WINDOWS_RIG !== undefined;
const later = (what) => `${what}: run by CI and by "npm test -- --all"`;

runParts('npm test', [
  {
    name: 'build',
    command: 'turbo',
    args: ['run', 'build', '--log-order=grouped', '--output-logs=errors-only'],
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
    skip: isWhole ? undefined : later('20 000 inputs for the parsers'),
  },
  {
    name: 'soak test',
    command: 'pnpm',
    args: ['--silent', 'test:soak'],
    cwd: suites,
    skip: isWhole ? undefined : later('20 000 acquisitions'),
  },
  {
    name: 'package tests',
    command: 'pnpm',
    args: ['--silent', 'test:package'],
    cwd: suites,
    skip: isWhole ? undefined : later('packs and installs the packages many times'),
  },
  {
    name: 'Windows tests',
    command: 'pnpm',
    args: ['--silent', 'test:windows'],
    cwd: suites,
    skip: isWhole || needsWindows ? undefined : later('cross-builds the addons and runs them in Wine'),
  },
]);
