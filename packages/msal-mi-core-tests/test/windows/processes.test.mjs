// Many processes of one user: whatever starts or fails at the same time costs one certificate (D18).
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { countLegs, runScript, startWorld } from '../guest/rig.mjs';

const PROCESSES = 32;
const DAY_SECONDS = 86_400;
let emulator;
before(async () => {
  // Certificates last a week; for three days tokens are issued to them.
  emulator = await startWorld('processes', { tokenNotAfter: 3 * DAY_SECONDS });
});
after(() => emulator.close());
beforeEach(() => emulator.call('reset'));

async function acquire(namespace) {
  const { status, result, output, errors } = await runScript('acquire.mjs', {
    env: { KEYGUARD_SIM_NAMESPACE: namespace },
  });
  assert.equal(status, 0, output + errors);
  return result;
}

async function acquireEverywhere(namespace) {
  const results = await Promise.all(Array.from({ length: PROCESSES }, () => acquire(namespace)));
  assert.deepEqual(results.map(({ error }) => error).filter(Boolean), []);
  const certificates = new Set(results.map(({ x5tS256 }) => x5tS256));
  assert.equal(certificates.size, 1);
  return [...certificates][0];
}

test('32 processes started at once from nothing: one certificate, all succeed', async () => {
  await acquireEverywhere('cold');
  assert.deepEqual(await countLegs(emulator), { metadata: 1, issued: 1, token: PROCESSES });
});

test('32 processes whose common certificate is refused: one new certificate, all succeed', async () => {
  const { x5tS256: refused } = await acquire('refused');
  await emulator.call('advance', 4 * DAY_SECONDS);
  await emulator.call('reset');
  const successor = await acquireEverywhere('refused');
  assert.notEqual(successor, refused);
  assert.equal((await countLegs(emulator)).issued, 1);
});
