// Libraries that an attacker planted are not loaded (ARCHITECTURE, closed DLL search). Each place is tested twice: an
// unprotected program does load what is planted there, and the packages do not, in a whole attested flow.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { libraryPath } from '../guest/attestation.mjs';
import { boundImports, KNOWN_DLLS, librariesNamedIn } from '../guest/imports.mjs';
import { start } from '../guest/rig.mjs';

const application = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const rigLibraries = resolve(dirname(process.env.RIG_PROBE));
const plantedFolder = join(rigLibraries, 'planted');
const PLANTED = readdirSync(plantedFolder).filter((file) => file.endsWith('.dll'));
const PACKAGES = ['msal-mi-core', 'msal-key-attestation'];
const addonOf = (packages, name) => join(packages, name, 'prebuilds/win32-x64', `${name}.node`);
const folders = [];

let emulator;
before(async () => {
  emulator = await start('emulator', { attestation: 'required' });
});
after(async () => {
  await emulator.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A new folder: below the application, where its packages are found, or anywhere. */
function newFolder(parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, 'planted-'));
  folders.push(folder);
  return folder;
}

function plant(folder, names = PLANTED) {
  mkdirSync(folder, { recursive: true });
  for (const name of names) copyFileSync(join(plantedFolder, name), join(folder, name));
  return folder;
}

/** Runs a program of `guest/`, or a copy of it. @returns what it printed and which planted libraries it loaded */
async function run(script, args, { node = process.execPath, cwd = application, path } = {}) {
  const marker = join(newFolder(), 'loaded.txt');
  const child = spawn(node, [script, ...args], {
    cwd,
    env: {
      ...process.env,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.imdsUrl,
      // A key of its own for each run: a certificate that is kept would make the attestation needless.
      KEYGUARD_SIM_NAMESPACE: basename(dirname(marker)),
      ATTESTATION_CLIENTLIB_PATH: '', // as if it were not set
      LIBRARY: libraryPath,
      PLANTED_LIBRARY_MARKER: marker,
      RIG_PROBE: join(rigLibraries, 'rig_probe.node'), // with a drive letter, whatever the working directory
      RESOURCE: emulator.resources.handshake,
      ...(path !== undefined && { PATH: `${path};${process.env.PATH}` }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  await once(child, 'close');
  const loaded = existsSync(marker) ? readFileSync(marker, 'utf8').trim().split('\n') : [];
  return { output: output.trim(), loaded };
}

const guest = (name) => join(application, 'guest', name);
/** The test could fail: a program that does not protect itself loads what is planted there. */
async function assertLoadable(library, expected, options) {
  const { output, loaded } = await run(guest('load-library.mjs'), [library], options);
  assert.ok(loaded.includes(expected), `${expected} was not loaded, but: ${loaded.join()}; ${output}`);
}

/** The whole flow works, and nothing that was planted was loaded. */
async function assertUntouched(options, script = guest('use-everything.mjs')) {
  const { output, loaded } = await run(script, [], options);
  assert.deepEqual(loaded, [], output);
  assert.equal(output, '{"isFoundUnnamed":false,"tokenType":"mtls_pop","status":200}');
}

test('a planted library stands for everything that the addons load, apart from what Windows itself protects', () => {
  for (const name of PACKAGES) {
    const named = librariesNamedIn(readFileSync(addonOf(join(application, 'node_modules'), name)));
    assert.ok(named.includes('ncrypt.dll'));
    assert.deepEqual(
      named.filter((library) => !PLANTED.includes(library) && !KNOWN_DLLS.includes(library)),
      [],
    );
  }
});

for (const name of PLANTED) {
  test(`the planted ${name} tells when it is loaded`, async () => {
    const file = join(plant(newFolder()), name);
    await assertLoadable(file, file);
  });
}

describe('beside the script of the application', () => {
  test('nothing planted is loaded', async () => {
    const folder = plant(newFolder(application));
    const script = join(folder, 'use-everything.mjs');
    copyFileSync(guest('use-everything.mjs'), script);
    await assertUntouched({}, script);
  });
});

describe('in the working directory', () => {
  test('an unprotected program loads what is planted', async () => {
    const cwd = plant(newFolder());
    await assertLoadable('AttestationClientLib.dll', join(cwd, 'AttestationClientLib.dll'), { cwd });
  });

  test('the packages do not', () => assertUntouched({ cwd: plant(newFolder()) }));
});

describe('on PATH', () => {
  test('an unprotected program loads what is planted', async () => {
    const path = plant(newFolder());
    await assertLoadable('AttestationClientLib.dll', join(path, 'AttestationClientLib.dll'), { path });
  });

  test('the packages do not', () => assertUntouched({ path: plant(newFolder()) }));
});

describe('beside the addon and in its package', () => {
  test('an addon that binds its imports at load time loads what is planted', async () => {
    const folder = plant(newFolder());
    const addon = join(folder, 'rig_probe.node');
    copyFileSync(process.env.RIG_PROBE, addon);
    await assertLoadable(addon, join(folder, 'ncrypt.dll'));
  });

  test('the packages do not', async () => {
    const copy = newFolder();
    const packages = join(copy, 'node_modules');
    cpSync(join(application, 'node_modules'), packages, { recursive: true });
    for (const name of PACKAGES) {
      for (const folder of ['.', 'dist', 'dist-cjs', 'prebuilds', 'prebuilds/win32-x64']) {
        plant(join(packages, name, folder));
      }
    }
    const script = join(copy, 'use-everything.mjs');
    copyFileSync(guest('use-everything.mjs'), script);
    await assertUntouched({ cwd: copy }, script);
  });
});

describe('beside node.exe', () => {
  // Some of them Node.js itself binds at load time, and AttestationClientLib.dll may lie there on purpose.
  const ownOfNode = boundImports(readFileSync(process.execPath));
  const names = PLANTED.filter((name) => !ownOfNode.includes(name) && name !== 'AttestationClientLib.dll');
  let node;
  before(() => {
    node = join(plant(newFolder(), names), 'node.exe');
    copyFileSync(process.execPath, node);
  });

  for (const name of names) {
    test(`an unprotected program loads the planted ${name}`, async () => {
      await assertLoadable(name, join(dirname(node), name), { node });
    });
  }

  test('the packages do not', () => assertUntouched({ node }));
});
