/** What the checks of this workspace look at. */
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** The packages that go to npm, with their manifests. */
export function publishedPackages() {
  return readdirSync(resolve(root, 'packages'))
    .map((folder) => resolve(root, 'packages', folder))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/**
 * The entry points of a package that have code: `.` and subpaths, without files such as `./package.json`.
 *
 * @returns for each the subpath (`.`, `./azure`) and its conditions
 */
export function entryPoints(manifest) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === 'object' && target !== null)
    .map(([subpath, conditions]) => ({ subpath, conditions }));
}
