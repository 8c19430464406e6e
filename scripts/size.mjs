/**
 * `npm run size [-- --require-prebuilds]`: what users download, against the budget. The addons count for both architectures,
 * whatever this machine can build: one that is missing counts as much as the largest that is there. With
 * `--require-prebuilds` none may be missing, and all have to be built by Visual C++, as what goes to npm is. Not size-limit:
 * it adds up files that it is told, not what is packed, and knows nothing of addons that are missing or of compilers.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { filesInTarball } from './tarball.mjs';
import { publishedPackages, root } from './workspace.mjs';

const MOST_UNPACKED_BYTES = { 'msal-mi-core': 1_500_000 };
const MOST_DEPENDENCIES = 4;
const ARCHITECTURES = ['x64', 'arm64'];
const VISUAL_CPP = 'Visual C++';

const isStrict = process.argv.includes('--require-prebuilds');
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;

const canBuildAddons = ['win32', 'linux'].includes(process.platform) && hasCompiler();
if (!isStrict) run('turbo', ['run', 'build', ...(canBuildAddons ? [`prebuild:win-${hostArchitecture()}`] : [])]);
run(process.execPath, ['scripts/pack.mjs']);

const problems = [];
for (const { manifest } of publishedPackages()) {
  const tarball = resolve(root, 'node_modules/.cache/tarballs', `${manifest.name}.tgz`);
  const files = filesInTarball(tarball);
  const sizeOf = (pattern) => files.reduce((sum, { path, bytes }) => sum + (pattern.test(path) ? bytes.length : 0), 0);
  const dependencies = Object.keys(manifest.dependencies ?? {}).length;
  const prebuilds = manifest.binary === undefined ? [] : ARCHITECTURES.map((arch) => prebuildOf(files, arch));
  const largestBytes = Math.max(0, ...prebuilds.map(({ bytes }) => bytes?.length ?? 0));
  const missing = prebuilds.filter(({ bytes }) => bytes === undefined);
  const unpackedBytes = sizeOf(/./) + missing.length * largestBytes;
  const limit = MOST_UNPACKED_BYTES[manifest.name];

  console.log(`${manifest.name} ${manifest.version}`);
  row('packed', `${kilobytes(statSync(tarball).size)}, ${files.length} files`);
  row('code', `${kilobytes(sizeOf(/^dist\/.*\.js$/))} ESM, ${kilobytes(sizeOf(/^dist-cjs\/.*\.js$/))} CommonJS`);
  row('types', `${kilobytes(sizeOf(/\.d\.c?ts$/))}`);
  for (const { arch, bytes } of prebuilds) {
    const counted =
      largestBytes > 0 ? `not built here, counted as ${kilobytes(largestBytes)}` : 'not built here, NOT COUNTED';
    row(`win32-${arch}`, bytes === undefined ? counted : `${kilobytes(bytes.length)}, ${compilerOf(bytes)}`);
    if (isStrict && (bytes === undefined || compilerOf(bytes) !== VISUAL_CPP)) {
      problems.push(`${manifest.name}: the addon for ${arch} is missing or not built by ${VISUAL_CPP}`);
    }
  }
  row('unpacked', `${kilobytes(unpackedBytes)}${limit === undefined ? '' : ` of ${kilobytes(limit)}`}`);
  row('dependencies', `${dependencies} of ${MOST_DEPENDENCIES}`);
  if (unpackedBytes > (limit ?? Infinity)) problems.push(`${manifest.name} is larger than ${kilobytes(limit)}`);
  if (dependencies > MOST_DEPENDENCIES)
    problems.push(`${manifest.name} has more than ${MOST_DEPENDENCIES} dependencies`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function prebuildOf(files, arch) {
  const bytes = files.find(({ path }) => path.startsWith(`prebuilds/win32-${arch}/`))?.bytes;
  return { arch, bytes };
}

/** Visual C++'s linker leaves a record of its tools between the DOS stub and the PE header; others do not. */
function compilerOf(bytes) {
  const peHeader = bytes.readUInt32LE(0x3c);
  return bytes.subarray(0, peHeader).includes('Rich') ? VISUAL_CPP : 'mingw-w64';
}

function row(name, value) {
  console.log(`  ${name.padEnd(14)}${value}`);
}

function hasCompiler() {
  return process.platform === 'win32' || spawnSync('x86_64-w64-mingw32-g++-posix', ['--version']).status === 0;
}

function hostArchitecture() {
  return process.platform === 'win32' ? process.arch : 'x64';
}

function run(command, args) {
  const shell = process.platform === 'win32' && command !== process.execPath;
  const options = command === 'turbo' ? ['--output-logs=errors-only', '--log-order=grouped'] : [];
  const { status, error } = spawnSync(command, [...args, ...options], { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} failed`);
}
