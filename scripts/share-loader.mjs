/**
 * Copies what the packages with an addon have in common from native-common/node into each of them: they share no code at
 * run time, and the loader finds prebuilds/ by its own folder. The copies are not in git. Runs with
 * every install and every build.
 */
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'native-common/node');
const FOLDERS = {
  'msal-mi-core': { loader: 'src/platform/win32/native', common: 'src' },
  'msal-key-attestation': { loader: 'src/native', common: 'src/native' },
};

for (const [name, { loader, common }] of Object.entries(FOLDERS)) {
  const copy = (file, to) => copyFileSync(join(source, file), join(root, 'packages', name, to, file));
  for (const file of ['native.cjs', 'native.mjs', 'native.d.cts', 'native.d.mts']) copy(file, '.');
  copy('addon-loader.ts', loader);
  for (const file of ['host-platform.ts', 'loopback.ts']) copy(file, common);
}
