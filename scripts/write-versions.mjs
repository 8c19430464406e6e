/**
 * Copies the version of each published package into its `src/version.ts` and into the examples, after changesets have changed
 * it.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { publishedPackages, root } from './workspace.mjs';

const examples = readdirSync(resolve(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => resolve(root, 'examples', name, 'package.json'));

function rewrite(path, pattern, replacement) {
  if (!existsSync(path)) return false;
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, before.replace(pattern, replacement));
  return pattern.test(before);
}

for (const { folder, manifest } of publishedPackages()) {
  const { name, version } = manifest;
  const source = resolve(folder, 'src/version.ts');
  if (existsSync(source) && !rewrite(source, /(export const VERSION = )'[^']*';/, `$1'${version}';`)) {
    throw new Error(`${source} has no VERSION to write to`);
  }
  for (const example of examples) rewrite(example, new RegExp(`("${name}": )"\\^[^"]*"`), `$1"^${version}"`);
}
