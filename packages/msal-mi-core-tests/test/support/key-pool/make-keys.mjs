/**
 * Before the first test: makes the RSA keys that all test files draw from. A key takes a third of a second on a small
 * machine, and most files want several; what the tests look at is never how OpenSSL finds primes.
 */
import { generateKeyPair } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** More than the keys that any one test compares. */
const KEYS = 6;
const generate = promisify(generateKeyPair);

export default async function makeKeys() {
  const folder = await mkdtemp(join(tmpdir(), 'msal-mi-test-keys-'));
  const pairs = await Promise.all(Array.from({ length: KEYS }, () => generate('rsa', { modulusLength: 2048 })));
  const pem = pairs.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(folder, 'keys.json'), JSON.stringify(pem), { mode: 0o600 });
  process.env.MSAL_MI_TEST_KEYS = join(folder, 'keys.json');
  return () => rm(folder, { recursive: true });
}
