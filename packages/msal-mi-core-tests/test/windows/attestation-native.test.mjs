// One native attestation: what goes in, what comes out, and that nothing is left behind.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { createAttestationProvider } from 'msal-key-attestation';
import { libraryPath, openJournal, steer, tokenWith, untilAttesting, verbs } from '../guest/attestation.mjs';
import { probe as rig, startWorld } from '../guest/rig.mjs';

const KEY_NAME = 'MsalMiAttestationNativeTest';
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName: KEY_NAME, scope: 'user' };
const TOKEN = tokenWith({ iat: 1_800_000_000, exp: 1_800_003_600 });
const WHOLE = ['init', 'attest', 'free', 'uninit'];
const WITHOUT_TOKEN = ['init', 'attest', 'uninit'];

let emulator;
let readJournal;
const request = (more = {}) => ({
  endpoint: 'https://maa.example.net',
  clientId: 'client',
  cacheKey: '',
  key,
  ...more,
});

before(async () => {
  emulator = await startWorld('attestation-native');
  assert.equal(rig.createPlainKey(KEY_NAME), 0);
});
after(() => emulator.close());
beforeEach(() => {
  steer({ TOKEN });
  readJournal = openJournal();
});

function world(options = {}) {
  const lines = [];
  const loggerCallback = (level, message, containsPii) => lines.push({ level, message, containsPii });
  const logger = { logLevel: 4, piiLoggingEnabled: true, loggerCallback };
  return { provider: createAttestationProvider({ libraryPath, logger, ...options }), lines };
}

async function failure(more) {
  const { provider } = world();
  return provider.attest(request(more)).then(
    () => assert.fail('attested'),
    (thrown) => thrown,
  );
}

test('F22: the library gets an empty authToken, {} as payload, the endpoint and the client id', async () => {
  await world().provider.attest(request({ clientId: 'my client' }));
  assert.deepEqual(readJournal(), [
    'init',
    'attest endpoint="https://maa.example.net" authToken="" clientPayload="{}" clientId="my client"',
    'free',
    'uninit',
  ]);
});

test('the token comes back with its expiry', async () => {
  const { jwt, expiresOn } = await world().provider.attest(request());
  assert.equal(jwt, TOKEN);
  assert.equal(expiresOn.getTime(), 1_800_003_600_000);
});

test('F09: each code from -1 to -35 is attestation_failed with that code, freed of nothing, uninitialised once', async () => {
  for (let code = -1; code >= -35; code -= 1) {
    steer({ CODE: code });
    readJournal = openJournal();
    const error = await failure();
    assert.equal(error.errorCode, 'attestation_failed');
    assert.deepEqual(error.win32, { api: 'AttestKeyGuardImportKey', code });
    assert.deepEqual(verbs(readJournal()), WITHOUT_TOKEN);
  }
});

test('F17: a token that comes with an error is freed and not used', async () => {
  steer({ CODE: -6, TOKEN });
  const error = await failure();
  assert.equal(error.win32.code, -6);
  assert.ok(!inspect(error).includes(TOKEN));
  assert.deepEqual(verbs(readJournal()), WHOLE);
});

test('F12, F14: a library that does not initialise is told apart and not uninitialised', async () => {
  for (const code of [-35, -30, 7]) {
    steer({ INIT_CODE: code });
    readJournal = openJournal();
    const error = await failure();
    assert.equal(error.errorCode, 'attestation_library_incompatible');
    assert.deepEqual(error.win32, { api: 'InitAttestationLib', code });
    assert.deepEqual(verbs(readJournal()), ['init']);
  }
});

for (const [what, token, journal] of [
  ['no token', '(null)', WITHOUT_TOKEN],
  ['an empty token', '(empty)', WHOLE],
  ['a blank token', '   ', WHOLE],
  ['a token without dots', 'opaque-token', WHOLE],
]) {
  test(`F11, F13, F46: success with ${what} is attestation_failed`, async () => {
    steer({ TOKEN: token });
    const error = await failure();
    assert.equal(error.errorCode, 'attestation_failed');
    assert.ok(!inspect(error).includes('opaque-token'));
    assert.deepEqual(verbs(readJournal()), journal);
  });
}

test('a key that does not exist fails before the library is initialised', async () => {
  const error = await failure({ key: { ...key, keyName: 'MsalMiNoSuchKey' } });
  assert.equal(error.errorCode, 'attestation_failed');
  assert.deepEqual(error.win32, { api: 'NCryptOpenKey', code: 0x80090016 });
  assert.deepEqual(readJournal(), []);
});

test('a key that is not isolated is rejected by the service, as evidence', async () => {
  steer();
  const error = await failure({ endpoint: emulator.maaUrl });
  assert.equal(error.win32.code, -6);
  const journal = await emulator.call('journal');
  assert.equal(journal.filter(({ leg }) => leg === 'maa').at(-1).status, 400);
});

test('a service that fails or cannot be reached is a retryable error', async () => {
  steer();
  await emulator.call('fault', 'attest', [{ status: 500 }]);
  const failing = await failure({ endpoint: emulator.maaUrl });
  assert.deepEqual([failing.win32.code, failing.retryable], [-5, true]);
  const unreachable = await failure({ endpoint: 'http://127.0.0.1:9' });
  assert.deepEqual([unreachable.win32.code, unreachable.retryable], [-7, true]);
});

test('two attestations in a row and 20 at once run one at a time and leave nothing behind', async () => {
  const { provider } = world();
  steer({ TOKEN, DELAY_MS: 5 });
  await provider.attest(request());
  await provider.attest(request());
  await Promise.all(Array.from({ length: 20 }, () => provider.attest(request())));
  assert.deepEqual(verbs(readJournal()), Array.from({ length: 22 }, () => WHOLE).flat());
});

test('providers of their own take turns as well', async () => {
  steer({ TOKEN, DELAY_MS: 20 });
  await Promise.all(Array.from({ length: 5 }, () => world().provider.attest(request())));
  assert.deepEqual(verbs(readJournal()), Array.from({ length: 5 }, () => WHOLE).flat());
});

test('the event loop goes on while the library works', async () => {
  steer({ TOKEN, DELAY_MS: 300 });
  let isOver = false;
  const attesting = world()
    .provider.attest(request())
    .finally(() => (isOver = true));
  let turns = 0;
  while (!isOver) {
    await new Promise(setImmediate);
    turns += 1;
  }
  await attesting;
  assert.ok(turns > 10, `${turns} turns`);
});

test('an abort ends the call at once while the library goes on, and the next attestation works', async () => {
  const { provider } = world();
  steer({ TOKEN, DELAY_MS: 300 });
  const aborter = new AbortController();
  const pending = provider.attest(request({ signal: aborter.signal, cacheKey: 'key' }));
  void untilAttesting(readJournal).then(() => aborter.abort('enough'));
  await assert.rejects(pending, (reason) => reason === 'enough');
  assert.deepEqual(verbs(readJournal()), ['init', 'attest']);
  steer({ TOKEN });
  await provider.attest(request({ cacheKey: 'another key' }));
  assert.deepEqual(verbs(readJournal()), [...WHOLE, ...WHOLE]);
  // Nobody waited for the first token, so it was not kept.
  await provider.attest(request({ cacheKey: 'key' }));
  assert.equal(verbs(readJournal()).filter((verb) => verb === 'attest').length, 3);
});

test('F18: log lines arrive before the result, levels mapped, debug lines marked as personal data', async () => {
  const { provider, lines } = world();
  steer({ CODE: -6 });
  await assert.rejects(provider.attest(request()));
  assert.deepEqual(
    lines.map(({ level, containsPii }) => [level, containsPii]),
    [
      [2, false],
      [0, false],
    ],
  );
  assert.match(lines[0].message, /^\[msal-key-attestation\] FakeAttestation InitAttestationLib:\d+ initialised$/);
  assert.match(lines[1].message, /fails with -6 as told$/);
});

test('log lines from 8 threads of the library all arrive', async () => {
  const { provider, lines } = world();
  steer({ TOKEN, THREADS: 8 });
  await provider.attest(request());
  for (let thread = 0; thread < 8; thread += 1) {
    const own = lines.filter(({ message }) => message.endsWith(`from thread ${thread}`));
    assert.equal(own.length, 10);
    // In the order in which the thread wrote them.
    assert.deepEqual(
      own.map(({ message }) => Number(/:(\d+) /.exec(message)[1])),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
  }
  assert.equal(lines.filter(({ level, containsPii }) => level === 3 && containsPii).length, 16);
});

test('a logger that throws does not disturb the attestation', async () => {
  const loggerCallback = () => {
    throw new Error('disk full');
  };
  const { provider } = world({ logger: { loggerCallback } });
  steer({ TOKEN, THREADS: 2 });
  assert.equal((await provider.attest(request())).jwt, TOKEN);
});

test('a library that goes on logging after it was uninitialised does no harm', async () => {
  const { provider, lines } = world();
  steer({ TOKEN, LATE_LOG: 1 });
  await provider.attest(request());
  const delivered = lines.length;
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(lines.length, delivered);
  steer({ TOKEN });
  await provider.attest(request());
});

test('kept tokens are used until 90 % of their lifetime, dropped on forceRefresh and with the key', async () => {
  const clock = { nowMs: 1_800_000_000_000, now: () => clock.nowMs };
  const { provider } = world({ clock });
  const attestations = () => readJournal().filter((line) => line.startsWith('attest')).length;
  const kept = request({ cacheKey: 'generation 1' });
  await provider.attest(kept);
  clock.nowMs += 0.9 * 3_600_000 - 1;
  await provider.attest(kept);
  assert.equal(attestations(), 1);
  clock.nowMs += 1;
  await provider.attest(kept);
  assert.equal(attestations(), 2);
  await provider.attest({ ...kept, forceRefresh: true });
  assert.equal(attestations(), 3);
});

test('32 concurrent calls for one key take one attestation', async () => {
  const { provider } = world();
  steer({ TOKEN, DELAY_MS: 50 });
  const calls = Array.from({ length: 32 }, () => provider.attest(request({ cacheKey: 'shared' })));
  const tokens = await Promise.all(calls);
  assert.equal(new Set(tokens.map(({ jwt }) => jwt)).size, 1);
  assert.deepEqual(verbs(readJournal()), WHOLE);
});

test('F45: strings that C would cut or misread never reach the library', async () => {
  for (const more of [{ clientId: 'a\0b' }, { endpoint: 'https://maa.example.net/\0' }]) {
    assert.equal((await failure(more)).errorCode, 'invalid_request');
  }
  assert.equal((await failure({ clientId: 'größe' })).errorCode, 'attestation_failed');
  assert.deepEqual(readJournal(), []);
});

test('handles are given back', async () => {
  const { provider } = world();
  const attestMany = async (count) => {
    for (let n = 0; n < count; n += 1) await provider.attest(request());
  };
  await attestMany(5);
  const before = rig.handleCount();
  await attestMany(40);
  assert.ok(rig.handleCount() - before < 20, `${before} -> ${rig.handleCount()}`);
});
