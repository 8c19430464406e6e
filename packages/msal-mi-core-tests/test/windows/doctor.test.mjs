// What `msal-mi-core doctor` prints on Windows hosts: the real command with the real addon, and an IMDS at its real address.
// The other hosts are in test/doctor/doctor.test.ts. `windows-rig/run.mjs doctor --update-snapshots` renews the snapshots.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startMetadataService } from '../doctor/metadata-service.mjs';
import { transcript } from '../doctor/run-doctor.mjs';
import { assertSnapshot } from '../doctor/snapshot.mjs';
import { libraryFolder, libraryPath, scratchFolder } from '../guest/attestation.mjs';
import { start } from '../guest/rig.mjs';

const application = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PROGRAM = join(application, 'node_modules/msal-mi-core/bin/msal-mi-core.mjs');
const scratch = scratchFolder();
const FOLDERS = {
  [application]: '<application>',
  [libraryFolder]: '<library folder>',
  [scratch]: '<library folder>',
  [dirname(process.execPath)]: '<folder of node.exe>',
};

let emulator;
let metadataService;
before(async () => {
  emulator = await start('emulator', { attestation: 'required' });
  metadataService = await startMetadataService(emulator.imdsUrl);
  process.env.KEYGUARD_SIM_NAMESPACE = 'doctor';
});
after(async () => {
  await metadataService.close();
  await emulator.close();
});

async function compare(name, commands, env) {
  const text = await transcript(PROGRAM, commands, { METADATA_SERVICE_PORT: String(metadataService.port), ...env });
  assertSnapshot(name, text, FOLDERS);
}

test('with KeyGuard and the attestation library everything is in place', async () => {
  const { handshake } = emulator.resources;
  const deep = ['doctor', '--deep', '--resource', handshake, '--url', `${handshake}/hello`];
  const commands = [['doctor'], deep, ['doctor', '--json']];
  await compare('windows-keyguard', commands, { ATTESTATION_CLIENTLIB_PATH: libraryPath });
});

test('without VBS there is no KeyGuard key, unless a software key will do', async () => {
  const commands = [['doctor'], ['doctor', '--min-strength', 'Software']];
  await compare('windows-without-vbs', commands, {
    ATTESTATION_CLIENTLIB_PATH: libraryPath,
    KEYGUARD_SIM_NO_VBS: '1',
  });
});

test('without AttestationClientLib.dll every place that was searched is named', async () => {
  await compare('windows-without-library', [['doctor'], ['doctor', '--deep']], {});
});

test('a library for another processor is told apart', async () => {
  const file = join(scratch, 'AttestationClientLib.dll');
  const image = readFileSync(libraryPath);
  image.writeUInt16LE(0xaa64, image.readUInt32LE(0x3c) + 4); // the machine, behind the signature "PE\0\0"
  writeFileSync(file, image);
  await compare('windows-wrong-architecture', [['doctor']], { ATTESTATION_CLIENTLIB_PATH: file });
});
