// Builds the libraries that the tests bring along and copies them into a folder, for a Windows that cannot build them:
// node libraries.mjs <folder>. The one that stands in for Windows' own ncrypt.dll is left behind.
import { cpSync, readdirSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { buildRigLibraries } from './build.mjs';

const built = buildRigLibraries();
const target = resolve(process.argv[2]);
for (const name of readdirSync(built, { recursive: true })) {
  const isWanted = ['.dll', '.node', '.exe'].includes(extname(name)) && !/(?:^|[\\/])ncrypt\.dll$/.test(name);
  if (isWanted) cpSync(join(built, name), join(target, name));
}
