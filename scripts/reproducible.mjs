/**
 * `npm run reproducible`: builds the addons in this workspace and once more in a copy of the sources elsewhere, under a
 * longer path and with an installation of its own, and compares the bytes. On Linux with mingw-w64 (Debian:
 * g++-mingw-w64-x86-64), on Windows with Visual C++. Takes as long as two native builds: about a minute of two cores.
 * Own code: no tool of npm builds a package twice and compares.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { publishedPackages, root } from './workspace.mjs';

const startedAtMs = performance.now();
const arch = process.platform === 'win32' ? process.arch : 'x64';
const packages = publishedPackages().filter(({ manifest }) => manifest.binary !== undefined);
const names = packages.map(({ manifest }) => manifest.name);
/** What the addons are made of, and what an installation needs. */
const SOURCES = ['CMakeLists.txt', 'native', 'package.json'].flatMap((file) =>
  names.map((name) => `packages/${name}/${file}`),
);
const WORKSPACE = ['cmake', 'native-common', 'scripts', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];

const here = root;
const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-built-somewhere-else-')));
try {
  copySources(elsewhere);
  const filters = names.map((name) => `--filter=${name}`);
  run(elsewhere, 'pnpm', ['install', '--frozen-lockfile', '--prefer-offline', '--loglevel=warn', ...filters]);
  const addons = names.flatMap((name) => {
    const [first, second] = [here, elsewhere].map((workspace) => buildAddon(workspace, name));
    return { name, first, second };
  });
  for (const { name, first, second } of addons) {
    console.log(`${name} win32-${arch}`);
    for (const { workspace, sha256, bytes } of [first, second]) {
      console.log(`  ${sha256}  ${bytes.length} bytes, built in ${workspace}`);
      if (bytes.includes(workspace)) fail(`${name}: the addon contains the path it was built in`);
    }
    if (first.sha256 !== second.sha256) fail(`${name}: the two builds differ`);
  }
} finally {
  rmSync(elsewhere, { recursive: true, force: true });
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
console.log(process.exitCode ? 'NOT reproducible' : `The same bytes twice, in ${seconds} s.`);

function copySources(folder) {
  for (const path of [...WORKSPACE, ...SOURCES]) {
    cpSync(resolve(here, path), resolve(folder, path), { recursive: true });
  }
  // A frozen installation wants to see the manifest of every package.
  for (const name of readdirSync(resolve(here, 'packages'))) {
    cpSync(resolve(here, 'packages', name, 'package.json'), resolve(folder, 'packages', name, 'package.json'));
  }
}

/** Past every cache, and in the build folder's place: what was built before could be what is compared. */
function buildAddon(workspace, name) {
  const cwd = resolve(workspace, 'packages', name);
  run(cwd, process.execPath, [resolve(workspace, 'scripts/prebuild.mjs'), '--platform', 'win32', '--arch', arch]);
  const folder = resolve(cwd, 'prebuilds', `win32-${arch}`);
  const bytes = readFileSync(resolve(folder, `${name}.node`));
  return { workspace, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function run(cwd, command, args) {
  const shell = process.platform === 'win32' && command !== process.execPath;
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', shell });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed\n${stdout}\n${stderr}`);
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
