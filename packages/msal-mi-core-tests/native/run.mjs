// The portable half of the addon under the sanitizers: the asynchronous client against a scripted WinHTTP, then the whole
// addon with a stand-in for Windows in Node.js. And, where clang is, a compile check for Windows on arm64.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  ADDON_FLAGS,
  addonSources,
  commonIncludes,
  coreNative,
  has,
  hasMingwHeaders,
  here,
  inParallel,
  isRequired,
  run,
  sourcesIn,
  WARNINGS,
  windowsFlags,
} from './toolchain.mjs';

const output = join(here, 'build');
const win32 = (...names) => names.map((name) => join(coreNative, 'win32', `${name}.cc`));
const CLIENT = win32(
  'request_machine',
  'server_check',
  'winhttp_message',
  'winhttp_request',
  'winhttp_request_handles',
  'winhttp_session',
  'winhttp_status',
);
const FAKE = join(here, 'fake_winhttp.cc');
const INCLUDES = [`-I${join(here, 'stub')}`, `-I${coreNative}`, ...commonIncludes];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const TESTED = ['-g', '-O1', '-fno-omit-frame-pointer', ...SANITIZERS, ...INCLUDES, `-I${here}`];

if (process.platform !== 'linux' || !has('g++')) {
  console.log(`Native tests ${isRequired ? 'FAILED' : 'skipped'}: they need g++ (Debian: g++) on Linux.`);
  process.exit(isRequired ? 1 : 0);
}
mkdirSync(output, { recursive: true });
await testMachine();
await testClient();
await testAddon();
await checkForArm64();
await import('./tidy.mjs');

async function testMachine() {
  const objects = await compile(
    'machine',
    [...win32('request_machine'), join(here, 'request_machine_test.cc')],
    TESTED,
  );
  await linkAndRun('request_machine_test', objects);
  console.log('ok     state machine of a request (ASan, UBSan)');
}

async function testClient() {
  const common = await compile('client', [...CLIENT, FAKE, join(here, 'scripted_winhttp.cc')], TESTED);
  for (const name of ['request_exchange_test', 'request_setup_test', 'request_endings_test']) {
    const own = await compile('client', [join(here, `${name}.cc`)], TESTED);
    await linkAndRun(name, [...common, ...own]);
  }
  console.log('ok     asynchronous client against a scripted WinHTTP (ASan, UBSan)');
}

async function linkAndRun(name, objects) {
  const program = join(output, name);
  await run('g++', [...SANITIZERS, ...objects, '-o', program, '-lpthread']);
  execFileSync(program, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 });
}

async function testAddon() {
  const sources = [
    ...sourcesIn(coreNative),
    ...CLIENT,
    FAKE,
    join(here, 'windows_stub.cc'),
    join(here, 'answering_winhttp.cc'),
  ];
  const addon = join(output, 'msal-mi-core.node');
  const objects = await compile('addon', sources, [...TESTED, ...ADDON_FLAGS, '-fPIC']);
  await run('g++', [...SANITIZERS, ...objects, '-shared', '-o', addon]);
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
  if (clang === undefined || !hasMingwHeaders) {
    console.log('skipped compile check for Windows on arm64: it needs clang-19 and g++-mingw-w64-x86-64');
    return;
  }
  const sources = addonSources();
  const flags = [...windowsFlags('aarch64'), '-fsyntax-only', ...WARNINGS];
  await inParallel(sources, ({ file, include }) => run(clang, [...flags, `-I${include}`, file]));
  console.log(`ok     compiles for Windows on arm64 (${clang}, ${sources.length} files)`);
}

/** Compiles, two files at a time. @returns the object files, in a folder of that name */
async function compile(name, sources, flags) {
  const folder = join(output, `${name}.objects`);
  mkdirSync(folder, { recursive: true });
  const objects = sources.map((source) => join(folder, `${basename(source)}.o`));
  await inParallel(sources, (source, index) =>
    run('g++', ['-std=c++17', ...WARNINGS, ...flags, '-c', source, '-o', objects[index]]),
  );
  return objects;
}
