// The same as native.cjs for ES modules. Where a bundler has turned this into CommonJS there is no import.meta, but a
// __dirname.
//
// By import.meta.url, and not by import.meta.dirname: of the two it is what all tracers know, and what Turbopack fills in
// at run time (its __dirname is /ROOT/node_modules/... wherever the program lies).
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Code that has no file, as in `node -e`, is called [eval1] in the working directory, which may be a stranger's. Turbopack
// does not encode its URLs: of a folder with # or ? in its name one above it would be left.
const NAMES_NO_FILE = /[#?]|\]$/;

export const ownFolder = () => {
  const url = import.meta.url;
  if (url === undefined) return typeof __dirname === 'string' ? __dirname : undefined;
  try {
    return NAMES_NO_FILE.test(url) ? undefined : dirname(fileURLToPath(url));
  } catch {
    return undefined; // data: and whatever else is not a file
  }
};

export const prebuiltAddon = (target, name) =>
  import.meta.url === undefined
    ? join(__dirname, 'prebuilds', target, `${name}.node`)
    : join(dirname(fileURLToPath(import.meta.url)), 'prebuilds', target, `${name}.node`);

// Not an import: in a bundle of ES modules node-gyp-build would ask for a require() that is not there. Nor is createRequire
// one: it would clash with the one in the banner that bundles of ES modules often have.
export const nodeGypBuild = () =>
  process.getBuiltinModule('node:module').createRequire(join(ownFolder(), 'package.json'))('node-gyp-build');
