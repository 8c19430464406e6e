// Many processes of one user: what starts at the same time costs one certificate (D18).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { countLegs, runScript, startWorld } from '../guest/rig.mjs';

const PROCESSES = 32;
let emulator;
before(async () => {
  emulator = await startWorld('processes');
});
after(() => emulator.close());

async function acquire(namespace) {
  const { status, result, output, errors } = await runScript('acquire.mjs', {
    env: { KEYGUARD_SIM_NAMESPACE: namespace },
  });
  assert.equal(status, 0, output + errors);
  return result;
}

test('32 processes started at once from nothing: one certificate, all succeed', async () => {
  const results = await Promise.all(Array.from({ length: PROCESSES }, () => acquire('cold')));
  assert.deepEqual(results.map(({ error }) => error).filter(Boolean), []);
  assert.equal(new Set(results.map(({ x5tS256 }) => x5tS256)).size, 1);
  assert.deepEqual(await countLegs(emulator), { metadata: 1, issued: 1, token: PROCESSES });
});
