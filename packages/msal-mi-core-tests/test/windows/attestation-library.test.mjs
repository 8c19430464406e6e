// Finding, trusting and loading AttestationClientLib.dll.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAttestationProvider } from 'msal-key-attestation';
import { libraryFolder, libraryPath, openJournal, scratchFolder, steer, verbs } from '../guest/attestation.mjs';
import { probe as rig } from '../guest/rig.mjs';

const KEY_NAME = 'MsalMiAttestationLibraryTest';
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName: KEY_NAME, scope: 'user' };
const request = { endpoint: 'https://maa.example.net', clientId: 'client', cacheKey: 'key', key };
const packageFolder = dirname(dirname(fileURLToPath(import.meta.resolve('msal-key-attestation'))));

assert.equal(rig.createPlainKey(KEY_NAME), 0);

beforeEach(() => {
  steer({ TOKEN: 'a.b.c' });
  delete process.env.ATTESTATION_CLIENTLIB_PATH;
});

/** What the provider says about a library, by attesting and by probing. */
async function failure(options) {
  const provider = createAttestationProvider(options);
  const error = await provider.attest(request).then(
    () => assert.fail('attested'),
    (thrown) => thrown,
  );
  const { libraryLoadable, detail, remediation } = await provider.probe();
  assert.equal(libraryLoadable, false);
  assert.deepEqual(
    { detail, remediation },
    {
      detail: `${error.errorMessage.replace(/\.$/, '')} (${error.errorCode})`,
      remediation: error.remediation,
    },
  );
  return error;
}

function patched(change) {
  const file = join(scratchFolder(), 'AttestationClientLib.dll');
  const image = readFileSync(libraryPath);
  change(image);
  writeFileSync(file, image);
  return file;
}

/** A copy of the good library that this process has not loaded yet. */
function freshCopy(name = 'AttestationClientLib.dll') {
  const file = join(scratchFolder(), name);
  copyFileSync(join(libraryFolder, name), file);
  return file;
}
const sha256Of = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

const MACHINE_OFFSET = 4; // behind the signature "PE\0\0"
const setMachine = (machine) => (image) => image.writeUInt16LE(machine, image.readUInt32LE(0x3c) + MACHINE_OFFSET);

test('without a library the error lists every path tried', async () => {
  const error = await failure();
  assert.equal(error.errorCode, 'attestation_library_not_found');
  const executableFolder = dirname(process.execPath);
  assert.match(error.errorMessage, /^AttestationClientLib\.dll was not found\. Tried: /);
  for (const folder of [join(packageFolder, 'native'), executableFolder]) {
    assert.ok(error.errorMessage.includes(join(folder, 'AttestationClientLib.dll')), error.errorMessage);
  }
});

test('F23: the working directory and PATH are not searched', async () => {
  const folder = scratchFolder();
  copyFileSync(libraryPath, join(folder, 'AttestationClientLib.dll'));
  const formerFolder = process.cwd();
  const formerPath = process.env.PATH;
  process.chdir(folder);
  process.env.PATH = `${folder};${formerPath}`;
  try {
    assert.equal((await failure()).errorCode, 'attestation_library_not_found');
  } finally {
    process.chdir(formerFolder);
    process.env.PATH = formerPath;
  }
});

test('a relative ATTESTATION_CLIENTLIB_PATH is refused', async () => {
  process.env.ATTESTATION_CLIENTLIB_PATH = 'AttestationClientLib.dll';
  assert.equal((await failure()).errorCode, 'attestation_library_not_found');
});

test('F24: the library is taken from ATTESTATION_CLIENTLIB_PATH', async () => {
  process.env.ATTESTATION_CLIENTLIB_PATH = libraryPath;
  const { libraryLoadable, libraryPath: path } = await createAttestationProvider().probe();
  assert.deepEqual({ libraryLoadable, path }, { libraryLoadable: true, path: libraryPath });
});

test('the library is taken from the folder `native` of the package', async () => {
  const folder = join(packageFolder, 'native');
  mkdirSync(folder, { recursive: true });
  // Another library than the good one, to see that it was this file; a loaded library could not be deleted again.
  const file = join(folder, 'AttestationClientLib.dll');
  copyFileSync(join(libraryFolder, 'AttestationClientLibRefusing.dll'), file);
  try {
    const error = await failure();
    assert.equal(error.errorCode, 'attestation_library_incompatible');
    assert.ok(error.errorMessage.includes(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('F15: a library for another processor is told apart', async () => {
  for (const machine of [0xaa64, 0x014c]) {
    const error = await failure({ libraryPath: patched(setMachine(machine)) });
    assert.equal(error.errorCode, 'attestation_library_wrong_architecture', error.message);
    assert.ok([193, 216].includes(error.win32.code));
  }
});

test('a file that is not a library is told apart', async () => {
  const file = join(scratchFolder(), 'AttestationClientLib.dll');
  writeFileSync(file, 'not a library');
  assert.equal((await failure({ libraryPath: file })).errorCode, 'attestation_library_wrong_architecture');
});

test('a library that lacks a function is told apart', async () => {
  const error = await failure({ libraryPath: join(libraryFolder, 'AttestationClientLibWithoutFree.dll') });
  assert.equal(error.errorCode, 'attestation_library_incompatible');
  assert.deepEqual(error.win32, { api: 'GetProcAddress', code: 127 });
});

test('a library that refuses to be loaded is told apart', async () => {
  const error = await failure({ libraryPath: join(libraryFolder, 'AttestationClientLibRefusing.dll') });
  assert.equal(error.errorCode, 'attestation_library_incompatible');
  assert.deepEqual(error.win32, { api: 'LoadLibraryExW', code: 1114 });
});

test('a missing dependency names the Visual C++ runtime and is not looked for in the working directory or PATH', async () => {
  const library = join(scratchFolder(), 'AttestationClientLibDependent.dll');
  copyFileSync(join(libraryFolder, 'AttestationClientLibDependent.dll'), library);
  const elsewhere = scratchFolder();
  const dependency = 'attestation_dependency.dll';
  copyFileSync(join(libraryFolder, dependency), join(elsewhere, dependency));
  const formerFolder = process.cwd();
  const formerPath = process.env.PATH;
  process.chdir(elsewhere);
  process.env.PATH = `${elsewhere};${formerPath}`;
  try {
    const error = await failure({ libraryPath: library });
    assert.equal(error.errorCode, 'attestation_library_dependency_missing');
    assert.match(error.message, /Visual C\+\+/);
  } finally {
    process.chdir(formerFolder);
    process.env.PATH = formerPath;
  }
});

// Before the next one: a dependency that is loaded already serves every library that names it.
test('with a required SHA-256 a dependency beside the library is not used', async () => {
  const folder = scratchFolder();
  for (const file of ['AttestationClientLibDependent.dll', 'attestation_dependency.dll']) {
    copyFileSync(join(libraryFolder, file), join(folder, file));
  }
  const file = join(folder, 'AttestationClientLibDependent.dll');
  const error = await failure({ libraryPath: file, requireLibrarySha256: sha256Of(file) });
  assert.equal(error.errorCode, 'attestation_library_dependency_missing');
});

test('a dependency beside the library is found', async () => {
  const folder = scratchFolder();
  for (const file of ['AttestationClientLibDependent.dll', 'attestation_dependency.dll']) {
    copyFileSync(join(libraryFolder, file), join(folder, file));
  }
  const provider = createAttestationProvider({ libraryPath: join(folder, 'AttestationClientLibDependent.dll') });
  const { libraryLoadable, detail } = await provider.probe();
  assert.equal(libraryLoadable, true, detail);
});

test('the signature is reported, and an unsigned library is used unless that is forbidden', async () => {
  const provider = createAttestationProvider({ libraryPath });
  assert.match((await provider.probe()).detail, /signature not valid \(WinVerifyTrust 0x800b0100\)/);
  assert.equal((await provider.attest(request)).jwt, 'a.b.c');
});

test('requireSignedLibrary refuses an unsigned library, also one that is loaded already', async () => {
  const readJournal = openJournal();
  const error = await failure({ libraryPath, requireSignedLibrary: true });
  assert.equal(error.errorCode, 'attestation_library_untrusted');
  assert.deepEqual(error.win32, { api: 'WinVerifyTrust', code: 0x800b0100 });
  assert.deepEqual(verbs(readJournal()), []);
});

test('requireSignedLibrary refuses before any code of the library runs', async () => {
  // This one fails as soon as its code runs: any other error than the one about trust means that it did.
  const library = patched(() => undefined).replace('AttestationClientLib.dll', 'Refusing.dll');
  copyFileSync(join(libraryFolder, 'AttestationClientLibRefusing.dll'), library);
  const error = await failure({ libraryPath: library, requireSignedLibrary: true });
  assert.equal(error.errorCode, 'attestation_library_untrusted');
});

test('requireSignedLibrary accepts a signed file, and asks for the signer when one is named', async () => {
  // node.exe is signed. It is not an attestation library: getting as far as noticing that means that it was trusted.
  const codeOf = async (requireSignedLibrary) => {
    const provider = createAttestationProvider({ libraryPath: process.execPath, requireSignedLibrary });
    return (await provider.attest(request).catch((error) => error)).errorCode;
  };
  assert.equal(await codeOf('OpenJS Foundation'), 'attestation_library_incompatible');
  assert.equal(await codeOf('Microsoft Corporation'), 'attestation_library_untrusted');
});

test('a library stays unchanged while it is open for the check', async () => {
  // Opened without write sharing: a file that another program has open for writing is not loaded.
  const file = join(scratchFolder(), 'AttestationClientLib.dll');
  copyFileSync(libraryPath, file);
  const writing = openSync(file, 'r+');
  try {
    const error = await failure({ libraryPath: file });
    assert.deepEqual(error.win32, { api: 'CreateFileW', code: 32 });
  } finally {
    closeSync(writing);
  }
});

test('requireLibrarySha256 accepts the one file, in any case of letters', async () => {
  const file = freshCopy();
  const provider = createAttestationProvider({ libraryPath: file, requireLibrarySha256: sha256Of(file).toUpperCase() });
  assert.equal((await provider.attest(request)).jwt, 'a.b.c');
});

test('requireLibrarySha256 refuses any other file before any of its code runs', async () => {
  const file = freshCopy('AttestationClientLibRefusing.dll');
  const error = await failure({ libraryPath: file, requireLibrarySha256: 'ab'.repeat(32) });
  assert.equal(error.errorCode, 'attestation_library_untrusted');
  assert.deepEqual(error.win32, { api: 'CryptGetHashParam', code: 323 });
});

test('a library that was loaded without a check is refused where one is required', async () => {
  const file = freshCopy();
  assert.equal((await createAttestationProvider({ libraryPath: file }).probe()).libraryLoadable, true);
  const error = await failure({ libraryPath: file, requireLibrarySha256: sha256Of(file) });
  assert.equal(error.errorCode, 'attestation_library_untrusted');
  assert.match(error.errorMessage, /loaded by this process before/);
});

test('another spelling of its path does not make it a checked one', async () => {
  const file = freshCopy();
  assert.equal((await createAttestationProvider({ libraryPath: file }).probe()).libraryLoadable, true);
  const error = await failure({ libraryPath: file.toUpperCase(), requireLibrarySha256: sha256Of(file) });
  assert.match(error.errorMessage, /loaded by this process before/);

  const checked = freshCopy();
  const requireLibrarySha256 = sha256Of(checked);
  for (const libraryPath of [checked, checked.toUpperCase()]) {
    const provider = createAttestationProvider({ libraryPath, requireLibrarySha256 });
    assert.equal((await provider.attest({ ...request, cacheKey: libraryPath })).jwt, 'a.b.c');
  }
});

test('forward slashes, shares and device paths are refused before anything is looked at', () => {
  for (const path of [libraryPath.replaceAll('\\', '/'), '\\\\server\\share\\x.dll', `\\\\?\\${libraryPath}`]) {
    assert.throws(() => createAttestationProvider({ libraryPath: path }), { errorCode: 'invalid_configuration' });
  }
});

test('the application that asks gets the lines of the library', async () => {
  const lines = [];
  const provider = createAttestationProvider({ libraryPath });
  await provider.attest({ ...request, cacheKey: '', onLog: (level, message) => lines.push({ level, message }) });
  assert.ok(lines.length > 0);
  for (const { message } of lines) assert.match(message, /^\[msal-key-attestation\] /);
});

test('a probe says which version it found, of a library that is of no use as well', async () => {
  const file = join(scratchFolder(), 'OtherLibrary.dll');
  copyFileSync(join(process.env.SystemRoot, 'System32', 'winhttp.dll'), file);
  const { libraryLoadable, detail } = await createAttestationProvider({ libraryPath: file }).probe();
  assert.equal(libraryLoadable, false);
  assert.match(detail, /^version \d+\.\d+\.\d+\.\d+; /);
});
