/** Checks the format of all C++ of the workspace; with `--fix` it formats. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { root, sourceFiles } from '../workspace.mjs';

const files = sourceFiles().filter((file) => /\.(cc|h|c|cpp|hpp)$/.test(file));
if (files.length > 0) {
  const { resolve } = createRequire(import.meta.url);
  const mode = process.argv.includes('--fix') ? ['-i'] : ['--dry-run', '--Werror'];
  const { status, error } = spawnSync(
    process.execPath,
    [resolve('clang-format-node/build/cli.js'), ...mode, ...files],
    {
      stdio: 'inherit',
      cwd: root,
    },
  );
  if (error) throw error;
  process.exitCode = status ?? 1;
}
console.log(`${files.length} C++ files looked at`);
