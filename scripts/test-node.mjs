/**
 * `npm run test:node -- 20|22|24|26 [--all]`: the quick suites under another line of Node.js, whatever runs this script; with
 * `--all` every suite but the Windows ones, which have versions of their own. The runtime is the platform package behind the
 * npm package `node`: a binary, no install script.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, resolve } from 'node:path';
import { runParts } from './parts.mjs';
import { root } from './workspace.mjs';

/** The oldest release of the line that has ended, as `engines` says, and the newest of those that are maintained. */
const VERSIONS = { 20: '20.19.0', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

const [line, ...options] = process.argv.slice(2);
const VERSION = VERSIONS[line];
if (VERSION === undefined || options.some((option) => option !== '--all')) {
  console.error(`usage: npm run test:node -- ${Object.keys(VERSIONS).join('|')} [--all]`);
  process.exit(2);
}

const isWindows = process.platform === 'win32';
const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
const folder = resolve(root, 'node_modules/.cache', `node-${VERSION}`);
const binary = resolve(folder, 'node_modules', name, isWindows ? 'bin/node.exe' : 'bin/node');

if (!existsSync(binary)) {
  mkdirSync(folder, { recursive: true });
  const flags = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  execFileSync('npm', ['install', ...flags, `${name}@${VERSION}`], { stdio: 'inherit', shell: isWindows });
}
const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
if (version !== `v${VERSION}`) throw new Error(`${binary} is ${version}, not v${VERSION}`);

// First on PATH: npm, pnpm and every program of the tests run with it too.
const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
const args = ['scripts/test.mjs', '--no-windows', options.length > 0 ? '--all' : '--quick'];
runParts(`the tests under Node ${VERSION}`, [{ name: `Node ${VERSION}`, command: binary, args, env, quiet: true }]);
