/**
 * The library that the fleet runs: the built msal-mi-core, every file as it is but two. Encoding certificate requests and
 * parsing certificates is most of what a machine costs and decides nothing, so those two files come from {@link made-once.mjs}.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const BUILT = fileURLToPath(new URL('../../msal-mi-core/dist', import.meta.url));
const REPLACED = ['crypto/csr.js', 'crypto/x509.js'];
const REPLACEMENT = `export * from '${new URL('made-once.mjs', import.meta.url).href}';\n`;

/** @returns the address of a copy, for as long as `work` runs */
export async function withLibrary(work) {
  const folder = mkdtempSync(join(tmpdir(), 'msal-mi-simulation-'));
  try {
    cpSync(BUILT, folder, { recursive: true, filter: (path) => ['', '.js'].includes(extname(path)) });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const file of REPLACED) writeFileSync(join(folder, file), REPLACEMENT);
    return await work(pathToFileURL(`${folder}/`).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a fleet needs of it, with everything loaded that a first call would load: that takes time that is real. */
export async function loadLibrary(address) {
  const load = (file) => import(new URL(file, address).href);
  const [{ ManagedIdentityApplication }, { createSharedState }] = await Promise.all(
    [
      'client.js',
      'cache/shared-state.js',
      'composition.js',
      'crypto/csr.js',
      'token/token-failure.js',
      'imds/imds-failure.js',
    ].map(load),
  );
  return { ManagedIdentityApplication, createSharedState };
}
