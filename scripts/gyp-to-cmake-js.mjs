// prebuildify can start node-gyp only. This looks like node-gyp and runs cmake-js:
// rebuild --target=X --devdir=Y --arch=Z --release|--debug
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const option = (name) => process.argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
const arch = option('arch') ?? process.arch;

const cmakeJs = createRequire(resolve(process.cwd(), 'package.json')).resolve('cmake-js/bin/cmake-js');
const cmakeJsArguments = ['rebuild', '--arch', arch];
if (process.argv.includes('--debug')) cmakeJsArguments.push('--debug');

const isCrossBuild = process.env.PREBUILD_PLATFORM === 'win32' && process.platform !== 'win32';
if (isCrossBuild) {
  if (arch !== 'x64') {
    console.error(`A cross build can make win32-x64 only, not win32-${arch}: build on Windows with MSVC.`);
    process.exit(1);
  }
  cmakeJsArguments.push(`--CDCMAKE_TOOLCHAIN_FILE=${resolve(here, '../cmake/mingw-x64.cmake')}`);
}

const result = spawnSync(process.execPath, [cmakeJs, ...cmakeJsArguments], { stdio: 'inherit' });
if (result.error) throw result.error;
process.exit(result.status ?? 1);
