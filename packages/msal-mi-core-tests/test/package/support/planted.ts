import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ADDONS = ['msal-mi-core', 'msal-key-attestation'] as const;

/** Where a package, or a bundle, has the addon of `name` for Windows. */
export const prebuildsOf = (name: (typeof ADDONS)[number]) => join('prebuilds', 'win32-x64', `${name}.node`);

/** Writes files where an addon, and the library of the attestation package, would be looked for below `folder`. */
export function plant(folder: string): void {
  for (const path of [
    ...ADDONS.map(prebuildsOf),
    join('native', 'AttestationClientLib.dll'),
    'AttestationClientLib.dll',
    ...ADDONS.map((name) => join('node_modules', name, prebuildsOf(name))),
  ]) {
    mkdirSync(resolve(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), 'not for loading');
  }
}
