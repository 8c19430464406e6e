/**
 * The suites under Node 22, whatever runs this script: `npm run test:node22`. The runtime is the platform package behind
 * the npm package `node`: a binary, no install script.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

const VERSION = '22.23.3';
const isWindows = process.platform === 'win32';
const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
const folder = resolve(root, 'node_modules/.cache', `node-${VERSION}`);
const binary = resolve(folder, 'node_modules', name, isWindows ? 'bin/node.exe' : 'bin/node');

if (!existsSync(binary)) {
  mkdirSync(folder, { recursive: true });
  const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  execFileSync('npm', ['install', ...options, `${name}@${VERSION}`], { stdio: 'inherit', shell: isWindows });
}
const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
if (version !== `v${VERSION}`) throw new Error(`${binary} is ${version}, not v${VERSION}`);

// First on PATH: npm, pnpm and every program of the tests run with it too.
const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
const cwd = resolve(root, 'packages/msal-mi-core-tests');
const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
runParts(`the tests under Node ${VERSION}`, [
  { name: 'build', command: 'turbo', args: ['run', 'build', '--output-logs=errors-only'], quiet: true },
  { name: 'unit, contract, flow, tls and lifetime tests', command: binary, args: jest, cwd, env },
  { name: 'packing', command: binary, args: ['scripts/pack.mjs'], env, quiet: true },
  {
    name: 'package tests',
    command: binary,
    args: [...jest, 'test/package', '--testPathIgnorePatterns=/node_modules/'],
    cwd,
    env,
  },
]);
