// Snapshots as text files that people read: one mechanism for jest and for node:test. MSAL_MI_UPDATE_SNAPSHOTS=1 writes them
// anew; a snapshot that is not there fails otherwise.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

// The Windows rig runs a copy of this file, and names the folder of the original.
const FOLDER = process.env.MSAL_MI_SNAPSHOTS ?? fileURLToPath(new URL('snapshots', import.meta.url));

/** What differs from run to run or from host to host. Order matters. */
const VARYING = [
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '<guid>'],
  [/(?<![\w-])[\w-]{43}(?![\w-])/g, '<thumbprint>'],
  [/\blocalhost:\d+/g, 'localhost:<port>'],
  [/version \d+\.\d+\.\d+, \w+, Node-API \d+/g, 'version <version>, <architecture>, Node-API <version>'],
  [/Windows \d+[\d.]+, \w+/g, 'Windows <version>, <architecture>'],
  [/\bafter \d+ ms/g, 'after <n> ms'],
  [/(msal-key-attestation) \d+\.\d+\.\d+\S*?(?=["\s]|$)/gm, '$1 <version>'],
];

/**
 * Compares `text` with the snapshot `name`.
 *
 * @param folders - Path to placeholder: folders of this machine, also as they look inside of JSON.
 * @throws AssertionError with the difference.
 */
export function assertSnapshot(name, text, folders = {}) {
  let actual = text.replaceAll('\r\n', '\n');
  for (const [path, placeholder] of Object.entries(folders)) {
    actual = actual.replaceAll(path, placeholder).replaceAll(JSON.stringify(path).slice(1, -1), placeholder);
  }
  for (const [pattern, placeholder] of VARYING) actual = actual.replaceAll(pattern, placeholder);
  // Start of every JSON Web Token and of every PEM.
  assert.doesNotMatch(actual, /eyJ|-----BEGIN/);
  const file = join(FOLDER, `${name}.txt`);
  if (process.env.MSAL_MI_UPDATE_SNAPSHOTS === '1') {
    writeFileSync(file, actual);
    return;
  }
  assert.ok(existsSync(file), `There is no snapshot ${file}: run the test with MSAL_MI_UPDATE_SNAPSHOTS=1.`);
  const expected = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  // As lines: the difference of two long strings is hard to read.
  assert.deepEqual(actual.split('\n'), expected.split('\n'));
}
