/**
 * `npm run nightly`: what takes too long for every change. Each part prints its figures. It goes on after a part that fails,
 * so that one night tells all, and fails at the end.
 */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { root } from './workspace.mjs';

const suites = resolve(root, 'packages/msal-mi-core-tests');
const node = (...args) => ({ command: process.execPath, args });
const script = (name) => ({ command: 'pnpm', args: ['--silent', name], cwd: suites });
const canBuildAddons =
  process.platform === 'win32' || spawnSync('x86_64-w64-mingw32-g++-posix', ['--version']).status === 0;
const withoutCompiler = canBuildAddons ? undefined : 'there is no compiler for Windows (Debian: g++-mingw-w64-x86-64)';

const PARTS = [
  { name: 'build', command: 'turbo', args: ['run', 'build', '--output-logs=errors-only'] },
  { name: 'fuzzing: 1 000 000 inputs', ...node('fuzz/fuzz.mjs', '--inputs', '1000000'), cwd: suites },
  {
    name: 'soak: 100 000 acquisitions',
    ...script('test:soak'),
    env: { MSAL_MI_SOAK_ACQUISITIONS: '100000', MSAL_MI_SOAK_VERBOSE: '1' },
  },
  {
    name: 'hostile surroundings: 1 000 runs',
    ...script('test'),
    args: ['--silent', 'test', 'test/flow/hostile-surroundings'],
    env: { MSAL_MI_PROPERTY_RUNS: '1000' },
  },
  { name: 'benchmark', ...node('bench/bench.mjs'), cwd: suites },
  { name: 'fleet of 10 000 machines', ...node('simulation/simulate.mjs'), cwd: suites },
  { name: 'reproducible addons', ...node('scripts/reproducible.mjs'), skip: withoutCompiler },
  { name: 'size', ...node('scripts/size.mjs') },
  { name: 'notices', ...node('scripts/quality/notices.mjs') },
  { name: 'bills of materials', ...node('scripts/sbom.mjs') },
  { name: 'every suite under Node 20.19', ...node('scripts/test-node.mjs', '20', '--all') },
  {
    name: 'Windows suite under Node 20',
    ...node('windows-rig/run.mjs', '--node=20'),
    cwd: suites,
    env: { MSAL_MI_REQUIRE_WINDOWS_RIG: '1' },
    skip: withoutCompiler,
  },
  {
    name: 'install matrix, documentation, examples',
    ...script('test:package'),
    env: { MSAL_MI_NIGHTLY: '1' },
  },
];

const outcomes = PARTS.map(({ name, command, args, cwd = root, env, skip }) => {
  if (skip !== undefined) return { name, outcome: `skipped: ${skip}` };
  console.log(`\n== ${name}`);
  const startedAtMs = performance.now();
  const { status } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    shell: process.platform === 'win32' && command !== process.execPath,
  });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
  if (status !== 0) process.exitCode = 1;
  return { name, outcome: `${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s` };
});
console.log('');
for (const { name, outcome } of outcomes) console.log(`${name.padEnd(42)}${outcome}`);
