// Builds the addon of the package in the current directory into prebuilds/<platform>-<arch>/.
// Usage: node ../../scripts/prebuild.mjs [--platform win32] [--arch x64|arm64]
// prebuildify can only spawn `node-gyp rebuild ...`, but lets that program be replaced: see gyp-to-cmake-js.mjs.
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { arch: { type: 'string', default: process.arch }, platform: { type: 'string', default: 'win32' } },
});
const packageDirectory = process.cwd();
const prebuildify = createRequire(resolve(packageDirectory, 'package.json'))('prebuildify');

// An addon of an earlier name beside the new one could be the one that gets loaded.
rmSync(resolve(packageDirectory, 'prebuilds', `${values.platform}-${values.arch}`), { recursive: true, force: true });

prebuildify(
  {
    cwd: packageDirectory,
    napi: true,
    platform: values.platform,
    arch: values.arch,
    shell: true,
    nodeGyp: `"${process.execPath}" "${resolve(here, 'gyp-to-cmake-js.mjs')}"`,
  },
  (error) => {
    if (error) {
      console.error(error.message);
      process.exit(1);
    }
  },
);
