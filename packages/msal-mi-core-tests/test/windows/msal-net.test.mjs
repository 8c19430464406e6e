// MSAL.NET against the emulator: the peer decides what is right. Runs when it is named (see run.mjs).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { startWorld } from '../guest/rig.mjs';

const skip = process.env.RIG_PEER === undefined && process.env.RIG_PEER_MISSING;
const BOUND = { tokenType: 'mtls_pop', confirmed: true, resource: 200 };
let emulator;
before(async () => {
  emulator = await startWorld('msal-net');
});
after(() => emulator.close());
beforeEach(() => emulator.call('reset'));

async function acquire(...identities) {
  const args = [`${emulator.resources.handshake}/echo`, ...identities];
  const env = { ...process.env, KEYGUARD_SIM_DOTNET: '1' };
  const { stdout } = await promisify(execFile)(process.env.RIG_PEER, args, { env, timeout: 120_000 });
  return stdout
    .trim()
    .split(/\r?\n/)
    .map((line) => JSON.parse(line));
}

/** What it asked for, without its calls to the resource. */
async function requests() {
  const journal = await emulator.call('journal');
  return journal
    .filter(({ leg }) => leg !== 'resource')
    .map(({ method, url, status }) => `${method} ${new URL(url, 'http://x').pathname.split('/').at(-1)} ${status}`);
}

/** It looks for IMDS v2 with a request that has no Metadata header, and takes 400 for "it is there". */
const PROBE = 'GET getplatformmetadata 400';
const MINT = ['GET getplatformmetadata 200', 'POST issuecredential 200'];

test('gets a bound token for the system-assigned identity and calls a resource with it', { skip }, async () => {
  assert.deepEqual(await acquire('system'), [BOUND]);
  assert.deepEqual(await requests(), [PROBE, ...MINT, 'POST token 200']);
});

test('gets a bound token for a user-assigned identity', { skip }, async () => {
  assert.deepEqual(await acquire(emulator.identities[0].clientId), [BOUND]);
  assert.deepEqual(await requests(), [PROBE, ...MINT, 'POST token 200']);
});

test('answers invalid_client with one new certificate and one more token request', { skip }, async () => {
  const refusal = { error: 'invalid_client', error_description: 'AADSTS1000610: refused.', error_codes: [1000610] };
  await emulator.call('fault', 'token', [{ oauthError: refusal }]);
  assert.deepEqual(await acquire('system'), [BOUND]);
  const seen = await requests();
  const refused = seen.findIndex((line) => line.startsWith('POST token 4'));
  assert.deepEqual(seen.slice(refused + 1), [...MINT, 'POST token 200']);
});
