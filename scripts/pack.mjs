/**
 * Packs the published packages, as they would go to npm, into `node_modules/.cache/tarballs/<name>.tgz`. `pnpm pack` does
 * the work; what to pack and where to put it is ours.
 *
 * With pnpm: npm would leave `workspace:` and `catalog:` in the manifests. Builds first, past every cache: what a cache puts
 * back lies beside what a build of other sources has left.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { publishedPackages, root } from './workspace.mjs';

const folder = resolve(root, 'node_modules/.cache/tarballs');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const run = promisify(execFile);
for (const { folder: cwd } of publishedPackages()) {
  await run(process.execPath, [resolve(root, 'scripts/build-package.mjs')], { cwd });
}
const shell = process.platform === 'win32';
await Promise.all(
  publishedPackages().map(({ folder: cwd, manifest }) =>
    run('pnpm', ['pack', '--out', resolve(folder, `${manifest.name}.tgz`)], { cwd, shell }),
  ),
);
