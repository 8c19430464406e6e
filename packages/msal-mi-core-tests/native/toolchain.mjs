// Where the native sources are, and how they are compiled without Windows.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../../..');
export const isRequired = process.env.MSAL_MI_REQUIRE_WINDOWS_RIG === '1';
const core = join(repository, 'packages/msal-mi-core');
export const coreNative = join(core, 'native');
export const attestationNative = join(repository, 'packages/msal-key-attestation/native');
export const commonIncludes = [`-I${join(repository, 'native-common/include')}`];
export const WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Werror'];

const requireFromCore = createRequire(join(core, 'package.json'));
const napi = dirname(requireFromCore.resolve('node-addon-api/package.json'));
const nodeApi = dirname(
  createRequire(requireFromCore.resolve('cmake-js/package.json')).resolve('node-api-headers/package.json'),
);
const NODE_API = ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS_ALL', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'];
export const ADDON_FLAGS = [...NODE_API.map((name) => `-D${name}`), '-isystem', `${nodeApi}/include`, '-isystem', napi];

const MINGW_HEADERS = '/usr/share/mingw-w64/include';
const MINGW_LIBRARY = mingwLibrary();
export const hasMingwHeaders = existsSync(MINGW_HEADERS) && MINGW_LIBRARY !== undefined;

/** Debian 12 has version 12 of the compiler, Debian 13 has 14. */
function mingwLibrary() {
  const compilers = '/usr/lib/gcc/x86_64-w64-mingw32';
  const versions = existsSync(compilers) ? readdirSync(compilers).filter((name) => name.endsWith('-posix')) : [];
  const newest = versions.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))[0];
  return newest && join(compilers, newest, 'include/c++');
}

/** Flags with which clang reads the sources as a compiler for Windows on `processor` does. */
export function windowsFlags(processor) {
  const system = [MINGW_LIBRARY, `${MINGW_LIBRARY}/x86_64-w64-mingw32`, MINGW_HEADERS];
  const defines = ['UNICODE', '_UNICODE', 'NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0A00'];
  return [
    `--target=${processor}-w64-mingw32`,
    '-std=c++17',
    '-nostdinc++',
    ...defines.map((name) => `-D${name}`),
    ...ADDON_FLAGS,
    ...commonIncludes,
    ...system.flatMap((folder) => ['-isystem', folder]),
  ];
}

/** Every source of both addons, each with the folder its includes are found in. */
export function addonSources() {
  const folders = [
    [coreNative, coreNative],
    [join(coreNative, 'win32'), coreNative],
    [attestationNative, attestationNative],
  ];
  return folders.flatMap(([folder, include]) => sourcesIn(folder).map((file) => ({ file, include })));
}

export function sourcesIn(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.cc'))
    .map((file) => join(folder, file));
}

export const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

/** Two at a time. */
export async function inParallel(items, work) {
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next[1], next[0]);
  };
  await Promise.all([worker(), worker()]);
}

export function run(command, args) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (status) => (status === 0 ? done() : fail(new Error(`${command} ${args.at(-1)} failed`))));
  });
}
