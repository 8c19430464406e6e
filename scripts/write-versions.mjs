/**
 * Copies the version of each published package into its `src/version.ts`, after changesets have changed it. Not genversion:
 * the constant and its comment would need a template, and the command a line for each package.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { publishedPackages } from './workspace.mjs';

for (const { folder, manifest } of publishedPackages()) {
  const path = resolve(folder, 'src/version.ts');
  if (!existsSync(path)) continue;
  const before = readFileSync(path, 'utf8');
  const after = before.replace(/(export const VERSION = )'[^']*';/, `$1'${manifest.version}';`);
  if (!after.includes(`'${manifest.version}'`)) throw new Error(`${path} has no VERSION to write to`);
  writeFileSync(path, after);
}
