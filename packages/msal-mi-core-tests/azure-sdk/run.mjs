/**
 * Runs the Azure SDK tests with the clients of one generation: `node azure-sdk/run.mjs node20|node22`. The clients have an
 * installation of their own, because the newest ones declare Node.js 22, which the workspace's install refuses. Needs
 * the packages built.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const packages = resolve(here, '../..');
const generation = process.argv[2];
const folder = resolve(here, generation);
const isWindows = process.platform === 'win32';

install();
for (const name of ['msal-mi-core', 'msal-mi-emulator']) copyBuilt(name);
const program = resolve(folder, 'node_modules/.programs/azure-sdk.test.mjs');
mkdirSync(dirname(program), { recursive: true });
copyFileSync(resolve(here, 'azure-sdk.test.mjs'), program);
const { status } = spawnSync(runtime(), ['--test-reporter=spec', '--test', program], { stdio: 'inherit' });
process.exitCode = status ?? 1;

/** Once for each lock file: `npm ci` writes down what it did. */
function install() {
  const stamp = resolve(folder, 'node_modules/.lock-of-this-install');
  const lock = resolve(folder, 'package-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')) return;
  // A pnpm that is strict about engines hands that on to npm; the clients need the Node.js they are run with, not this one.
  const options = [
    '--engine-strict=false',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--no-update-notifier',
  ];
  const {
    status: installed,
    stdout,
    stderr,
  } = spawnSync('npm', ['ci', ...options], {
    cwd: folder,
    encoding: 'utf8',
    shell: isWindows,
  });
  if (installed !== 0) throw new Error(`npm ci failed in ${folder}\n${stdout}\n${stderr}`);
  copyFileSync(lock, stamp);
}

/** As a user has it: what `files` of the manifest names, resolved from the clients' own node_modules. */
function copyBuilt(name) {
  const from = resolve(packages, name);
  const to = resolve(folder, 'node_modules', name);
  rmSync(to, { recursive: true, force: true });
  const { files } = JSON.parse(readFileSync(resolve(from, 'package.json'), 'utf8'));
  for (const entry of ['package.json', ...files]) {
    if (existsSync(resolve(from, entry))) cpSync(resolve(from, entry), resolve(to, entry), { recursive: true });
  }
}

/** The Node.js that the clients ask for: that of the process for node20, an installed one for node22. */
function runtime() {
  if (generation === 'node20') return process.execPath;
  const binary = isWindows ? 'bin/node.exe' : 'bin/node';
  return resolve(folder, 'node_modules', `node-${isWindows ? 'win' : process.platform}-${process.arch}`, binary);
}
