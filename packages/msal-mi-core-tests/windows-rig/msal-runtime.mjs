// Microsoft's own native module for Node.js, the broker of msal-node: a second one in the process, which imports the key
// store, the certificate store and an HTTP client of Windows as well. Fetched for the tests, never part of this repository.
import { join } from 'node:path';
import { unpackFromNpm } from './npm-archive.mjs';
import { cacheFolder } from './paths.mjs';

const PACKAGE = {
  name: '@azure/msal-node-runtime',
  version: '0.20.7',
  integrity: 'sha512-IH1Ps+tei0oshkP9k7wLj2rUURxSB0PI1f5dQJZ4hwhqh5pHZ+5QEeT/QQe35c7I0f1h2omsqAo+iM220sGOyw==',
  paths: ['package.json', 'dist/index.cjs', 'dist/windows/x64'],
};

/** @returns the absolute path of its CommonJS entry point */
export function msalRuntime() {
  const folder = join(cacheFolder, 'msal-node-runtime', PACKAGE.version);
  unpackFromNpm(PACKAGE, folder);
  return join(folder, 'dist/index.cjs');
}
