/** What the checks of this workspace look at. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

const GENERATED =
  /^(node_modules|build|coverage|dist|dist-cjs|prebuilds|\.git|\.snippets|\.turbo|\.wine-rig|.*\.(node|tgz))$/;

/** @returns every file that is not generated, from the root, with `/` */
export function sourceFiles(folder = root) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !GENERATED.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sourceFiles(path) : [relative(root, path).replaceAll('\\', '/')];
    });
}

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
