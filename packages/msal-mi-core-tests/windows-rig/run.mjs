// The suite of test/windows inside of Windows' node.exe. On Linux that is node.exe in Wine; on Windows it is this node.exe.
// Arguments: parts of file names to run only those; `--node=20` for one version, by default all but the one whose turn is
// at night; `--update-snapshots` to write those of doctor anew; `--try-skipped` to run what Wine is known not to do. What
// measures runs only when it is named (`bench`): a busy machine must not fail a test. So does what needs a .NET SDK
// (`msal-net`).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackages, buildRigLibraries, installApplication, installAzureSdk } from './build.mjs';
import { msalRuntime } from './msal-runtime.mjs';
import { buildPeer } from './peer.mjs';
import { missingRequirements } from './requirements.mjs';
import { NODE_VERSIONS, nodeForWindows, ONLY_AT_NIGHT } from './node-for-windows.mjs';
import { cacheFolder, doctorFolder, testFolder } from './paths.mjs';
import { ensureWine } from './wine-files.mjs';

const FILE_TIMEOUT_MS = 240_000;
const PARALLEL = process.platform === 'win32' ? 1 : 2;

const isRequired = process.env.MSAL_MI_REQUIRE_WINDOWS_RIG === '1';
const missing = missingRequirements();
if (missing.length === 0 && process.platform !== 'win32') fetchWine();
if (missing.length > 0) {
  console.log(`Windows suite ${isRequired ? 'FAILED' : 'skipped'}: this machine lacks`);
  for (const what of missing) console.log(`  - ${what}`);
  process.exit(isRequired ? 1 : 0);
}

const { wanted, versions, updatesSnapshots, triesSkipped } = parseArguments(process.argv.slice(2));
const isWanted = (file) =>
  wanted.length === 0 ? !/^(bench|msal-net)/.test(file) : wanted.some((part) => file.includes(part));
const files = readdirSync(testFolder)
  .filter((file) => file.endsWith('.test.mjs') && isWanted(file))
  .sort();
const started = Date.now();
buildPackages();
const rigLibraries = buildRigLibraries();
const mainApplication = installApplication();
const isOfPeer = (file) => file.startsWith('msal-net');
const isOfAzureSdk = (file) => file.startsWith('azure-sdk');
const azureSdkApplications = new Map(
  versions
    .filter((version) => filesFor(version).some(isOfAzureSdk))
    .map((version) => [version, installAzureSdk(version)]),
);
const thirdParty = fetchThirdParty();
note('built and installed');

// After the build: it loads the emulator.
const { startControlServer } = await import('./host/control-server.mjs');
mkdirSync(join(cacheFolder, 'keys'), { recursive: true });
const control = await startControlServer(join(cacheFolder, 'keys'));
const outcomes = [];
try {
  await runAll();
} finally {
  await control.close();
}
for (const version of versions) {
  const own = outcomes.filter((outcome) => outcome.version === version);
  const sum = (key) => own.reduce((total, outcome) => total + outcome[key], 0);
  console.log(
    `Node.js ${version}: ${own.length} files, ${sum('passed')} tests, ${(sum('ms') / 1000).toFixed(0)} s of ${PARALLEL} lanes`,
  );
}
const failures = outcomes.filter(({ isGood }) => !isGood).length;
console.log(failures === 0 ? 'Windows suite passed.' : `Windows suite FAILED: ${failures} file(s).`);
process.exit(failures === 0 ? 0 : 1);

async function runAll() {
  const isLong = ({ file }) => /^(flow|azure-sdk|processes)/.test(file);
  const jobs = versions.flatMap((version) => filesFor(version).map((file) => ({ version, file })));
  // The longest first, so that the lanes end together.
  const queue = jobs.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  await Promise.all(Array.from({ length: PARALLEL }, (_, lane) => runLane(lane, queue)));
}

async function runLane(lane, queue) {
  // A Windows each: files that run side by side must not see one another's certificates.
  const opened = new Map();
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
    const { version, file } = job;
    if (!opened.has(version)) opened.set(version, await openWindows(version, lane));
    outcomes.push(await runFile(opened.get(version), file));
  }
  for (const windows of opened.values()) windows.dispose();
}

/** What is about Windows or about other packages, and not about the runtime, runs once: with the newest version. */
function filesFor(version) {
  const isOnce = (file) => /^(azure-sdk|doctor|planted-libraries|processes)/.test(file);
  return files.filter((file) => wanted.length > 0 || !isOnce(file) || version === versions.at(-1));
}

/** A Windows with node.exe of that version. */
async function openWindows(version, lane) {
  const name = `Windows, Node.js ${version}`;
  if (process.platform === 'win32') {
    const run = (_executable, args, { cwd, env, timeoutMs }) => {
      const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8', timeout: timeoutMs };
      const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
      return { status, output: stdout + stderr };
    };
    return { name, version, executable: process.execPath, run, dispose: () => undefined };
  }
  const { WinePrefix, WITH_ASSEMBLIES } = await import('./wine.mjs');
  const prefix = WinePrefix.create(`node-${version}-${lane}`, rigLibraries);
  return {
    name,
    version,
    executable: nodeForWindows(version),
    withAssemblies: WITH_ASSEMBLIES,
    run: (...args) => prefix.run(...args),
    dispose: () => prefix.dispose(),
  };
}

async function runFile(windows, file) {
  const begun = Date.now();
  const application = isOfAzureSdk(file) ? azureSdkApplications.get(windows.version) : mainApplication;
  const args = ['--expose-gc', '--test-reporter=spec', join(application, 'test', file)];
  const { status, output } = await windows.run(windows.executable, args, {
    cwd: application,
    env: {
      RIG_CONTROL_URL: control.url,
      RIG_PROBE: join(rigLibraries, 'rig_probe.node'),
      KEYGUARD_SIM_NAMESPACE: file,
      ...thirdParty,
      ...(isOfPeer(file) && windows.withAssemblies),
      // The tests run as copies; snapshots are read and written here.
      MSAL_MI_SNAPSHOTS: join(doctorFolder, 'snapshots'),
      ...(updatesSnapshots && { MSAL_MI_UPDATE_SNAPSHOTS: '1' }),
      ...(triesSkipped && { RIG_TRY_SKIPPED: '1' }),
    },
    timeoutMs: FILE_TIMEOUT_MS,
  });
  const count = (what) => Number(new RegExp(`^ℹ ${what} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  const passed = count('pass');
  // A file that never came to its tests must not count as passed; one that has a reason to skip them may.
  const isGood = status === 0 && passed + count('skipped') > 0;
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${file} on ${windows.name}: ${passed} passed, ${seconds(begun)} s`);
  const skipped = output.split('\n').filter((line) => /# SKIP|﹣/.test(line));
  for (const line of skipped) console.log(`       ${line.trim()}`);
  if (!isGood) console.log(`       exit ${status}\n${output}`);
  return { version: windows.version, isGood, passed, ms: Date.now() - begun };
}

function parseArguments(args) {
  const major = args.find((arg) => arg.startsWith('--node='))?.slice('--node='.length);
  const known = process.platform === 'win32' ? [process.versions.node] : Object.keys(NODE_VERSIONS);
  return {
    updatesSnapshots: args.includes('--update-snapshots'),
    triesSkipped: args.includes('--try-skipped'),
    wanted: args.filter((arg) => !arg.startsWith('--')),
    versions: known.filter((version) =>
      major === undefined ? version !== ONLY_AT_NIGHT : version.startsWith(`${major}.`),
    ),
  };
}

/** @returns for the tests, where each thing that others wrote is, or why it is not there */
function fetchThirdParty() {
  const found = {};
  const find = (name, what) => {
    try {
      found[name] = what();
    } catch (error) {
      if (isRequired) throw error;
      found[`${name}_MISSING`] = error.message;
    }
  };
  find('RIG_MSAL_RUNTIME', msalRuntime);
  if (files.some(isOfPeer)) find('RIG_PEER', buildPeer);
  return found;
}

function fetchWine() {
  try {
    ensureWine();
  } catch (error) {
    missing.push(`Wine: ${error.message}`);
  }
}

function note(what) {
  console.log(`${what} (${seconds(started)} s)`);
}

function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}
