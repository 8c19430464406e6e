// Beside Microsoft's own native module (the broker of msal-node, a real library that nobody here wrote) in one process.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { libraryPath } from '../guest/attestation.mjs';
import { runScript, startWorld } from '../guest/rig.mjs';

const skip = process.env.RIG_MSAL_RUNTIME === undefined && process.env.RIG_MSAL_RUNTIME_MISSING;
const USED = { ours: { tokenType: 'mtls_pop', status: 200 }, theirs: { accounts: 0 } };
let env;
let emulator;
before(async () => {
  emulator = await startWorld('msal-runtime');
  env = { RESOURCE: emulator.resources.handshake, ATTESTATION_CLIENTLIB_PATH: libraryPath };
});
after(() => emulator.close());

for (const first of ['ours', 'theirs']) {
  test(`both are used in one process, ${first} loaded first`, { skip }, async () => {
    const { status, result, output, errors } = await runScript('beside-msal-runtime.mjs', {
      args: [first, 'main'],
      env,
    });
    assert.deepEqual({ status, result }, { status: 0, result: { inMain: USED } }, output + errors);
  });

  test(`both are unloaded with a worker and used again, ${first} loaded first`, { skip }, async () => {
    const { status, result, output, errors } = await runScript('beside-msal-runtime.mjs', {
      args: [first, 'worker'],
      env,
    });
    const expected = { inWorker: USED, exitCode: 0, inMain: USED };
    assert.deepEqual({ status, result }, { status: 0, result: expected }, output + errors);
  });
}
