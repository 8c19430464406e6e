// The portable half of the addon under the sanitizers: the asynchronous client against a scripted WinHTTP, then the whole
// addon with a stand-in for Windows in Node.js. And, where clang is, a compile check for Windows on arm64.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, '../../..');
const core = join(repository, 'packages/msal-mi-core');
const native = join(core, 'native');
const output = join(here, 'build');
const isRequired = process.env.MSAL_MI_REQUIRE_WINDOWS_RIG === '1';

const requireFromCore = createRequire(join(core, 'package.json'));
const napi = dirname(requireFromCore.resolve('node-addon-api/package.json'));
const nodeApi = dirname(
  createRequire(requireFromCore.resolve('cmake-js/package.json')).resolve('node-api-headers/package.json'),
);

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
const win32 = (...names) => names.map((name) => join(native, 'win32', `${name}.cc`));
const CLIENT = win32('winhttp_message', 'winhttp_request', 'winhttp_request_options', 'winhttp_session');
const WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Werror'];
const INCLUDES = [`-I${join(here, 'stub')}`, `-I${native}`, `-I${join(repository, 'native-common/include')}`];
const NODE_API = ['NAPI_VERSION=8', 'NODE_ADDON_API_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'];
const ADDON_FLAGS = [
  ...NODE_API.map((name) => `-D${name}`),
  '-isystem',
  `${nodeApi}/include`,
  '-isystem',
  napi,
  '-fPIC',
];
const SANITIZE = ['-g', '-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

if (process.platform !== 'linux' || !has('g++')) {
  console.log(`Native tests ${isRequired ? 'FAILED' : 'skipped'}: they need g++ (Debian: g++) on Linux.`);
  process.exit(isRequired ? 1 : 0);
}
mkdirSync(output, { recursive: true });
await testClient();
await testAddon();
await checkForArm64();

async function testClient() {
  const sources = [...CLIENT, join(here, 'winhttp_request_test.cc'), join(here, 'scripted_winhttp.cc')];
  const program = join(output, 'winhttp_request_test');
  await build(sources, [...SANITIZE, ...INCLUDES], ['-o', program, '-lpthread']);
  execFileSync(program, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 });
  console.log('ok     asynchronous client against a scripted WinHTTP (ASan, UBSan)');
}

async function testAddon() {
  const portable = readdirSync(native).filter((file) => file.endsWith('.cc'));
  const sources = [
    ...portable.map((file) => join(native, file)),
    ...CLIENT,
    join(here, 'windows_stub.cc'),
    join(here, 'answering_winhttp.cc'),
  ];
  const addon = join(output, 'msal-mi-core.node');
  await build(sources, [...SANITIZE, ...ADDON_FLAGS, ...INCLUDES], ['-shared', '-o', addon]);
  const runtime = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  execFileSync(process.execPath, ['--expose-gc', join(here, 'addon-test.mjs'), addon], {
    // Node.js itself frees little at exit: leaks are not looked for.
    env: { ...process.env, LD_PRELOAD: runtime, ASAN_OPTIONS: 'detect_leaks=0', NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
  console.log('ok     marshalling and asynchronous layers in Node.js (ASan, UBSan)');
}

async function checkForArm64() {
  const clang = ['clang++-19', 'clang++-14', 'clang++'].find(has);
  const headers = '/usr/share/mingw-w64/include';
  const library = '/usr/lib/gcc/x86_64-w64-mingw32/12-posix/include/c++';
  if (clang === undefined || !existsSync(headers) || !existsSync(library)) {
    console.log('skipped compile check for Windows on arm64: it needs clang-19 and g++-mingw-w64-x86-64');
    return;
  }
  const sources = [native, join(native, 'win32')].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.cc'))
      .map((file) => join(folder, file)),
  );
  const target = ['--target=aarch64-w64-mingw32', '-fsyntax-only', '-std=c++17', ...WARNINGS];
  const system = [library, `${library}/x86_64-w64-mingw32`, headers].flatMap((folder) => ['-isystem', folder]);
  const windows = ['UNICODE', '_UNICODE', 'NOMINMAX', 'WIN32_LEAN_AND_MEAN', '_WIN32_WINNT=0x0A00'].map(
    (d) => `-D${d}`,
  );
  const includes = INCLUDES.slice(1);
  const flags = [...target, '-nostdinc++', ...windows, ...ADDON_FLAGS.filter((flag) => flag !== '-fPIC'), ...includes];
  await inParallel(sources, (source) => run(clang, [...flags, ...system, source]));
  console.log(`ok     compiles for Windows on arm64 (${clang}, ${sources.length} files)`);
}

/** Compiles what changed, two files at a time, and links. */
async function build(sources, flags, link) {
  const folder = join(output, `${basename(link[link.indexOf('-o') + 1])}.objects`);
  mkdirSync(folder, { recursive: true });
  const objects = sources.map((source) => join(folder, `${basename(source)}.o`));
  await inParallel(sources, async (source, index) => {
    await run('g++', ['-std=c++17', ...WARNINGS, ...flags, '-c', source, '-o', objects[index]]);
    if (!existsSync(objects[index]) || statSync(objects[index]).size === 0)
      throw new Error(`${source} was not compiled`);
  });
  await run('g++', [...flags.filter((flag) => flag.startsWith('-fsanitize')), ...objects, ...link]);
}

async function inParallel(items, work) {
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next[1], next[0]);
  };
  await Promise.all([worker(), worker()]);
}

function run(command, args) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (status) => (status === 0 ? done() : fail(new Error(`${command} ${args.at(-1)} failed`))));
  });
}
