// clang-tidy over both addons as they are compiled for Windows; which checks: .clang-tidy of the repository.
import {
  addonSources,
  has,
  hasMingwHeaders,
  inParallel,
  isRequired,
  run,
  WARNINGS,
  windowsFlags,
} from './toolchain.mjs';

if (!has('clang-tidy-19') || !hasMingwHeaders) {
  console.log(`clang-tidy ${isRequired ? 'FAILED' : 'skipped'}: it needs clang-tidy-19 and g++-mingw-w64-x86-64`);
  process.exit(isRequired ? 1 : 0);
}
const sources = addonSources();
await inParallel(sources, ({ file, include }) =>
  run('clang-tidy-19', [
    '--quiet',
    file,
    '--',
    ...windowsFlags('x86_64'),
    ...WARNINGS,
    '-Wshadow-all',
    '-Wno-shadow-uncaptured-local',
    `-I${include}`,
  ]),
);
console.log(`ok     clang-tidy: bugprone, cert, concurrency (${sources.length} files)`);
