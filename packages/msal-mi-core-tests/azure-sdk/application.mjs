// An application with the Azure SDK clients of one generation, and with this repository's packages as a user has them. The
// clients have installations of their own, because the newest ones declare Node.js 22, which the workspace's install
// refuses.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const packages = resolve(here, '../..');

/**
 * @param generation - `node20`, `node22` or `node24`: the Node.js that the clients ask for.
 * @param folder - Where the application is, or goes. Default: beside the lock file.
 * @param withRuntime - Installs that Node.js too, where the generation names one.
 * @returns the folder
 */
export function installApplication(generation, { folder = resolve(here, generation), withRuntime = true } = {}) {
  const source = resolve(here, generation);
  mkdirSync(folder, { recursive: true });
  if (folder !== source) {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(resolve(source, file), resolve(folder, file));
  }
  installClients(folder, withRuntime);
  for (const name of ['msal-mi-core', 'msal-mi-emulator']) copyBuilt(name, folder);
  return folder;
}

/** Once for each lock file: `npm ci` writes down what it did. */
function installClients(folder, withRuntime) {
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
    ...(withRuntime ? [] : ['--omit=optional']),
  ];
  const { status, stdout, stderr } = spawnSync('npm', ['ci', ...options], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}\n${stdout}\n${stderr}`);
  copyFileSync(lock, stamp);
}

/** As a user has it: what `files` of the manifest names, resolved from the clients' own node_modules. */
function copyBuilt(name, folder) {
  const from = resolve(packages, name);
  const to = resolve(folder, 'node_modules', name);
  rmSync(to, { recursive: true, force: true });
  const { files } = JSON.parse(readFileSync(resolve(from, 'package.json'), 'utf8'));
  for (const entry of ['package.json', ...files]) {
    if (existsSync(resolve(from, entry))) cpSync(resolve(from, entry), resolve(to, entry), { recursive: true });
  }
}
