/** Reads what `pnpm pack` writes. */
import { list } from 'tar';

/** @returns each file of a tarball: its `path` without the leading `package/`, and its content in `bytes` */
export function filesInTarball(file) {
  const files = [];
  const onReadEntry = (entry) => {
    if (entry.type !== 'File') return;
    const chunks = [];
    entry.on('data', (chunk) => chunks.push(chunk));
    entry.on('end', () => files.push({ path: entry.path.replace(/^package\//, ''), bytes: Buffer.concat(chunks) }));
  };
  list({ file, sync: true, strict: true, onReadEntry });
  return files;
}
