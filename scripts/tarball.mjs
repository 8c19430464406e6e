/** Reads what `pnpm pack` writes. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;
const REGULAR_FILE = ['0', '\0'];

/** @returns each file of a tarball: its `path` without the leading `package/`, and its content in `bytes` */
export function filesInTarball(path) {
  const archive = gunzipSync(readFileSync(path));
  const text = (from, length) => archive.toString('utf8', from, from + length).replace(/\0[^]*$/, '');
  const files = [];
  for (let offset = 0; offset < archive.length && archive[offset] !== 0;) {
    const size = Number.parseInt(text(offset + 124, 12), 8);
    const name = [text(offset + 345, 155), text(offset, 100)].filter(Boolean).join('/');
    const content = offset + BLOCK_BYTES;
    if (REGULAR_FILE.includes(String.fromCharCode(archive[offset + 156]))) {
      files.push({ path: name.replace(/^package\//, ''), bytes: archive.subarray(content, content + size) });
    }
    offset = content + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}
