/**
 * `node scripts/write-addresses.mjs`: copies `author`, `funding` and `repository` of the root package.json into the manifests of
 * the published packages, with what follows from them. The root is the one place to set them; what it lacks, they lack.
 * `repository` is an https address without `.git`. `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { publishedPackages, root } from './workspace.mjs';

const OURS = ['author', 'homepage', 'repository', 'bugs', 'funding'];

/** @returns the manifest of a published package as it has to be */
function withAddresses(manifest, folder, { author, funding, repository }) {
  const directory = relative(root, folder).replaceAll('\\', '/');
  const addresses = {
    author,
    ...(repository !== undefined && {
      homepage: `${repository}/tree/main/${directory}#readme`,
      repository: { type: 'git', url: `git+${repository}.git`, directory },
      bugs: `${repository}/issues`,
    }),
    ...(funding !== undefined && { funding }),
  };
  const others = Object.entries(manifest).filter(([member]) => !OURS.includes(member));
  const after = others.findIndex(([member]) => member === 'license') + 1;
  return Object.fromEntries([...others.slice(0, after), ...Object.entries(addresses), ...others.slice(after)]);
}

const top = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
for (const { folder, manifest } of publishedPackages()) {
  const text = `${JSON.stringify(withAddresses(manifest, folder, top), undefined, 2)}\n`;
  const file = resolve(folder, 'package.json');
  if (readFileSync(file, 'utf8').replaceAll('\r\n', '\n') === text) continue;
  if (process.argv.includes('--check')) {
    console.error(
      `${relative(root, file)} does not say what the root package.json says. Run: node scripts/write-addresses.mjs`,
    );
    process.exitCode = 1;
  } else writeFileSync(file, text);
}
