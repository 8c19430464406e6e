// The lock of all processes of a user: a file of the profile.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addon, probe } from '../guest/rig.mjs';

const folder = join(homedir(), 'AppData', 'Local', 'msal-mi-core');

/** Another process that holds the lock until it is killed. */
async function holdElsewhere(name, env = {}) {
  const script = fileURLToPath(new URL('../guest/hold-lock.mjs', import.meta.url));
  const stdio = ['ignore', 'pipe', 'inherit'];
  const holder = spawn(process.execPath, [script, name], { stdio, env: { ...process.env, ...env } });
  const [line] = await once(holder.stdout, 'data');
  assert.match(String(line), /acquired/);
  return {
    async kill() {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    },
  };
}

async function take(name, timeoutMs = 5000) {
  const lock = addon.acquireLock(name, timeoutMs);
  assert.equal(await lock.settled, 'acquired');
  return lock;
}

test('the lock is a file below the profile, which cannot be deleted while the lock is held', async () => {
  const lock = await take('place');
  const file = join(folder, 'place.lock');
  assert.ok(existsSync(file));
  assert.throws(() => rmSync(file));
  assert.ok(existsSync(file));
  lock.release();
  rmSync(file);
  (await take('place')).release();
});

test('variables that name another profile lead to the same lock', async () => {
  const elsewhere = { USERPROFILE: 'C:\\elsewhere', LOCALAPPDATA: 'C:\\elsewhere', APPDATA: 'C:\\elsewhere' };
  const holder = await holdElsewhere('variables', elsewhere);
  assert.equal(await addon.acquireLock('variables', 300).settled, 'busy');
  await holder.kill();
  (await take('variables')).release();
  assert.equal(existsSync('C:\\elsewhere'), false);
});

test('the death of its holder frees a lock that is waited for', async () => {
  const holder = await holdElsewhere('death');
  const waiting = addon.acquireLock('death', 60_000);
  assert.equal(await addon.acquireLock('death', 0).settled, 'busy');
  await holder.kill();
  assert.equal(await waiting.settled, 'acquired');
  waiting.release();
});

test('a wait that is given up ends although the holder stays', async () => {
  const held = await take('given-up');
  const waiting = Array.from({ length: 20 }, () => addon.acquireLock('given-up', 3_600_000));
  for (const lock of waiting) lock.release();
  assert.deepEqual(await Promise.all(waiting.map(({ settled }) => settled)), Array(20).fill('cancelled'));
  held.release();
  (await take('given-up')).release();
});

test('a lock that is released before it settles is never held', async () => {
  for (let i = 0; i < 20; i += 1) {
    const lock = addon.acquireLock('early', 5000);
    lock.release();
    assert.equal(await lock.settled, 'cancelled');
  }
  (await take('early')).release();
});

test('forty at once hold it one after the other, and leave no handles', async () => {
  let holders = 0;
  const round = async () => {
    const lock = await take('forty', 60_000);
    holders += 1;
    assert.equal(holders, 1);
    await new Promise((resolve) => setImmediate(resolve));
    holders -= 1;
    lock.release();
  };
  await Promise.all(Array.from({ length: 5 }, round));
  const before = probe.handleCount();
  await Promise.all(Array.from({ length: 40 }, round));
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const grown = probe.handleCount() - before;
  assert.ok(grown < 20, `${grown} handles more`);
});

test('locks of different names do not meet', async () => {
  const [first, second] = await Promise.all([take('one'), take('two')]);
  first.release();
  second.release();
});
