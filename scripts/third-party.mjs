/**
 * What the published packages contain or install that others made. Looked up as Node.js does: `pnpm list` says the same, but
 * takes seconds for each package.
 */
import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { root } from './workspace.mjs';

const manifestIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The package that `require(name)` finds from a folder. A manifest need not be exported, so it is looked for as a file. */
function resolvePackage(name, from) {
  const folders = createRequire(join(from, 'package.json')).resolve.paths(name);
  const found = folders.map((folder) => join(folder, name)).find((folder) => existsSync(join(folder, 'package.json')));
  if (found === undefined) throw new Error(`${name} is not installed beside ${from}`);
  return realpathSync(found);
}

function describe(folder) {
  const manifest = manifestIn(folder);
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.(md|txt))?$/i.test(name));
  if (file === undefined) throw new Error(`${manifest.name} ${manifest.version} has no licence file`);
  const licenceText = readFileSync(join(folder, file), 'utf8').replaceAll(/\s*\r?\n/g, (end) =>
    '\n'.repeat(Math.min(2, end.split('\n').length - 1)),
  );
  return { folder, manifest, licenceText: licenceText.trim() };
}

/** The folders of what a package depends on. */
export const directDependencies = (folder) =>
  Object.keys(manifestIn(folder).dependencies ?? {}).map((name) => resolvePackage(name, folder));

const byName = (a, b) => (a.manifest.name < b.manifest.name ? -1 : 1);

/** What npm installs along with a package: its dependencies and theirs. */
function dependenciesOf(packageFolder) {
  const found = new Map();
  const visit = (folder) => {
    for (const dependency of directDependencies(folder)) {
      if (found.has(dependency)) continue;
      found.set(dependency, describe(dependency));
      visit(dependency);
    }
  };
  visit(packageFolder);
  return [...found.values()].sort(byName);
}

/** The headers that an addon is compiled with. */
function compiledInto(packageFolder) {
  if (!existsSync(join(packageFolder, 'CMakeLists.txt'))) return [];
  const cmakeJs = resolvePackage('cmake-js', packageFolder);
  return [resolvePackage('node-addon-api', packageFolder), resolvePackage('node-api-headers', cmakeJs)].map(describe);
}

/**
 * @param packageFolder - of a published package, with its dependencies installed
 * @returns what is part of its addon, and what is installed beside it; each with folder, manifest and licence text
 */
export function thirdPartyOf(packageFolder) {
  return { compiledIn: compiledInto(packageFolder), dependencies: dependenciesOf(packageFolder) };
}

/** The SHA-512 of each package's tarball, as `pnpm-lock.yaml` has it: by `<name>@<version>`, in Base64. */
export function integrities() {
  const lock = readFileSync(resolve(root, 'pnpm-lock.yaml'), 'utf8');
  const entries = lock.matchAll(/^ {2}'?(@?[^@'\s]+@[^'(:\s]+)'?:\n {4}resolution: \{integrity: sha512-([^}]+)\}/gm);
  return new Map([...entries].map(([, id, hash]) => [id, hash]));
}
