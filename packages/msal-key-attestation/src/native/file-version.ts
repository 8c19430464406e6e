/** The version that a Windows library says it has. */
import { readFile } from 'node:fs/promises';

/** Of the version resource: its key, and the magic number of the fixed part behind it. */
const KEY = Buffer.from('VS_VERSION_INFO', 'utf16le');
const MAGIC = Buffer.from([0xbd, 0x04, 0xef, 0xfe]);
const LONGEST_PADDING = 16;
const OFFSET = 8;
const LENGTH = 8;

/** Four numbers such as `1.1.5.0`; undefined for a file without version, or that cannot be read. */
export async function fileVersionOf(path: string): Promise<string | undefined> {
  const file = await readFile(path).catch(() => undefined);
  if (file === undefined) return undefined;
  // Code that reads versions has the same text among its own.
  for (let key = file.indexOf(KEY); key >= 0; key = file.indexOf(KEY, key + 1)) {
    const start = key + KEY.length;
    const at = file.subarray(start, start + LONGEST_PADDING).indexOf(MAGIC);
    const version = file.subarray(start + at + OFFSET, start + at + OFFSET + LENGTH);
    if (at >= 0 && version.length === LENGTH) return [2, 0, 6, 4].map((word) => version.readUInt16LE(word)).join('.');
  }
  return undefined;
}
