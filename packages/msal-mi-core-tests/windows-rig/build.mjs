// Builds what the suite runs: the packages with their addons, packed and installed as users get them, and the rig's own
// libraries.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { installApplication as installAzureSdkApplication } from '../azure-sdk/application.mjs';
import {
  azureSdkFolder,
  cacheFolder,
  contractFolder,
  doctorFolder,
  packageFolder,
  repository,
  rigFolder,
  testFolder,
} from './paths.mjs';

/** With an addon, those that have one. */
export const PACKAGES = ['msal-mi-core', 'msal-key-attestation'];
const hasAddon = (name) => existsSync(join(packageFolder(name), 'CMakeLists.txt'));

export function buildPackages() {
  const filters = [...PACKAGES, 'msal-mi-emulator'].map((name) => `--filter=${name}`);
  turbo(['run', 'build', ...filters]);
  turbo(['run', 'prebuild:win-x64', ...PACKAGES.filter(hasAddon).map((name) => `--filter=${name}`)]);
}

function turbo(args) {
  const bin = createRequire(join(repository, 'package.json')).resolve('turbo/bin/turbo');
  run(process.execPath, [bin, ...args, '--output-logs=errors-only'], repository);
}

/** @returns the folder of the rig's libraries. Where there is no mingw-w64, as on Windows, they were built before. */
export function buildRigLibraries() {
  const given = process.env.MSAL_MI_RIG_LIBRARIES;
  if (given !== undefined) return given;
  const folder = join(cacheFolder, 'rig-build');
  const requireFromCore = createRequire(join(packageFolder('msal-mi-core'), 'package.json'));
  const requireFromCmakeJs = createRequire(requireFromCore.resolve('cmake-js/package.json'));
  const definitions = {
    CMAKE_TOOLCHAIN_FILE: join(repository, 'cmake/mingw-x64.cmake'),
    CMAKE_BUILD_TYPE: 'None',
    NODE_API_HEADERS: dirname(requireFromCmakeJs.resolve('node-api-headers/package.json')),
    NODE_ADDON_API: dirname(requireFromCore.resolve('node-addon-api/package.json')),
  };
  const options = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', rigFolder, '-B', folder, '--log-level=WARNING', ...options], repository, 'ignore');
  run('cmake', ['--build', folder, '--parallel', '2'], repository, 'ignore');
  return folder;
}

/**
 * Packs the packages and installs the archives in an empty application, flat: inside of Wine the symbolic links of the
 * workspace are not resolved.
 * @returns the folder of the application, with the tests in it
 */
export function installApplication() {
  const folder = join(cacheFolder, 'application');
  const archives = join(cacheFolder, 'archives');
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  for (const name of PACKAGES) run('pnpm', ['pack', '--pack-destination', archives], packageFolder(name), 'ignore');
  const files = readdirSync(archives).sort();
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(join(archives, file)));
  const state = digest.digest('hex');
  const stateFile = join(folder, 'installed.txt');
  if (!existsSync(stateFile) || readFileSync(stateFile, 'utf8') !== state) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      '{ "name": "windows-application", "private": true, "type": "module" }\n',
    );
    const tarballs = files.map((file) => join(archives, file));
    run(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent', ...tarballs],
      folder,
    );
    writeFileSync(stateFile, state);
  }
  copyPrograms(folder);
  return folder;
}

/** An application with the Azure SDK clients for `version` of Node.js; see azure-sdk/application.mjs. */
export function installAzureSdk(version) {
  const generation = version.startsWith('20.') ? 'node20' : 'node22';
  const folder = join(cacheFolder, `azure-sdk-${generation}`);
  installAzureSdkApplication(generation, { folder, withRuntime: false });
  copyPrograms(folder);
  cpSync(join(azureSdkFolder, 'suite'), join(folder, 'azure-sdk/suite'), { recursive: true });
  return folder;
}

function copyPrograms(application) {
  for (const [from, to] of [
    [testFolder, 'test'],
    [join(rigFolder, 'guest'), 'guest'],
    [contractFolder, 'contract'],
    [doctorFolder, 'doctor'],
  ]) {
    rmSync(join(application, to), { recursive: true, force: true });
    cpSync(from, join(application, to), { recursive: true });
  }
}

function run(command, args, cwd, stdout = 'inherit') {
  // npm and pnpm are scripts on Windows, which only a shell can start.
  const shell = process.platform === 'win32' && ['npm', 'pnpm'].includes(command);
  const result = spawnSync(command, args, { cwd, shell, stdio: ['ignore', stdout, 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${result.status}`);
}
