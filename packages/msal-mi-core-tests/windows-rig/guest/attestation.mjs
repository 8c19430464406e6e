// For tests of attestation: the stand-ins for AttestationClientLib.dll, how to steer the good one, and what it saw.
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

// resolve() gives them the drive letter that Wine's root has.
export const libraryFolder = resolve(dirname(process.env.RIG_PROBE), 'attestation');
export const libraryPath = join(libraryFolder, 'AttestationClientLib.dll');
export const scratchFolder = () => mkdtempSync(join(tmpdir(), 'attestation-'));

const SETTINGS = ['INIT_CODE', 'CODE', 'TOKEN', 'DELAY_MS', 'THREADS', 'LATE_LOG'];

/** Steers the stand-in from here on; what is not named is back to normal. See attestation/settings.h. */
export function steer(settings = {}) {
  for (const name of SETTINGS) delete process.env[`FAKE_ATTESTATION_${name}`];
  for (const [name, value] of Object.entries(settings)) process.env[`FAKE_ATTESTATION_${name}`] = String(value);
}

/** Starts a journal (a new one by default) and returns a function that reads it: one line per call into the stand-in. */
export function openJournal(file = join(scratchFolder(), 'journal.txt')) {
  process.env.FAKE_ATTESTATION_JOURNAL = file;
  return () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
}

/** The journal as verbs: `['init', 'attest', 'free', 'uninit']`. Violations stay whole. */
export const verbs = (journal) => journal.map((line) => (line.startsWith('VIOLATION') ? line : line.split(' ')[0]));

/** Resolves when the stand-in is in the middle of an attestation; steer DELAY_MS to keep it there. */
export async function untilAttesting(readJournal) {
  const givesUpAtMs = Date.now() + 30_000;
  while (verbs(readJournal()).at(-1) !== 'attest') {
    if (Date.now() > givesUpAtMs) throw new Error('no attestation began');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString('utf8'));

/** A token that the stand-in can be told to return. */
export function tokenWith(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2ln`;
}
