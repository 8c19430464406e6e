import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileVersionOf } from 'attestation/native/file-version.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-version-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The version resource as its compiler writes it: lengths, the key, padding, the fixed part. */
function versionInfo(words: readonly number[], padding = 2): Buffer {
  const fixed = Buffer.alloc(52);
  fixed.writeUInt32LE(0xfeef04bd, 0);
  fixed.writeUInt32LE(0x10000, 4);
  [10, 8, 14, 12].forEach((offset, at) => fixed.writeUInt16LE(words[at] ?? 0, offset));
  const key = Buffer.from('VS_VERSION_INFO\0', 'utf16le');
  return Buffer.concat([Buffer.alloc(4096, 0x90), Buffer.from([0, 3, 52, 0, 0, 0]), key, Buffer.alloc(padding), fixed]);
}

async function versionOf(content: Buffer): Promise<string | undefined> {
  const path = join(folder, 'library.dll');
  await writeFile(path, content);
  return fileVersionOf(path);
}

test('the version of the file is read from its resources', async () => {
  expect(await versionOf(versionInfo([1, 1, 5, 65_535]))).toBe('1.1.5.65535');
  expect(await versionOf(versionInfo([10, 0, 26_100, 1], 0))).toBe('10.0.26100.1');
});

test('the same text in the code of the library is passed over', async () => {
  const code = Buffer.from('VS_VERSION_INFO and nothing of it', 'utf16le');
  expect(await versionOf(Buffer.concat([code, versionInfo([2, 3, 4, 5])]))).toBe('2.3.4.5');
});

test.each<[string, Buffer]>([
  ['no resources', Buffer.alloc(5_000, 1)],
  ['nothing', Buffer.alloc(0)],
  ['the key alone', Buffer.from('VS_VERSION_INFO', 'utf16le')],
  ['a version that is cut off', versionInfo([1, 2, 3, 4]).subarray(0, -40)],
])('a file with %s has no version', async (_what, content) => {
  expect(await versionOf(content)).toBeUndefined();
});

test('a file that is not there has no version', async () => {
  expect(await fileVersionOf(join(folder, 'missing.dll'))).toBeUndefined();
});
