/** Checks the format of all C++ of the workspace; with `--fix` it formats. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../workspace.mjs';

const GENERATED = new Set(['node_modules', 'build', 'dist', 'dist-cjs', '.git', '.turbo', '.wine-rig', 'coverage']);

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && !GENERATED.has(entry.name)) yield* sources(join(folder, entry.name));
    else if (entry.isFile() && /\.(cc|h|c|cpp|hpp)$/.test(entry.name)) yield join(folder, entry.name);
  }
}

const files = [...sources(root)];
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
