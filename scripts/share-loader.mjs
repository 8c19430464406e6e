/**
 * Copies the loader of addons from native-common/node into the packages that have an addon. It has to lie inside of each:
 * it finds prebuilds/ by its own folder, and the packages share no code at run time. The copies are not in git. Runs with
 * every install and every build.
 */
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'native-common/node');
const FOLDERS = {
  'msal-mi-core': { loader: 'src/platform/win32/native', platform: 'src' },
  'msal-key-attestation': { loader: 'src/native', platform: 'src/native' },
};

for (const [name, { loader, platform }] of Object.entries(FOLDERS)) {
  const copy = (file, to) => copyFileSync(join(source, file), join(root, 'packages', name, to, file));
  for (const file of ['native.cjs', 'native.mjs', 'native.d.cts', 'native.d.mts']) copy(file, '.');
  copy('addon-loader.ts', loader);
  copy('host-platform.ts', platform);
}
