// The same as native.cjs for ES modules. Where a bundler has turned this into CommonJS there is no import.meta, but a
// __dirname.
import { join } from 'node:path';

export const ownFolder = () => import.meta.dirname ?? (typeof __dirname === 'string' ? __dirname : undefined);

export const prebuiltAddon = (target, name) =>
  join(import.meta.dirname ?? __dirname, 'prebuilds', target, `${name}.node`);

// Not an import: in a bundle of ES modules node-gyp-build would ask for a require() that is not there. Nor is createRequire
// one: it would clash with the one in the banner that bundles of ES modules often have.
export const nodeGypBuild = () =>
  process.getBuiltinModule('node:module').createRequire(join(ownFolder(), 'package.json'))('node-gyp-build');
