/**
 * Runs the Azure SDK tests on this host with the clients of one generation: `node azure-sdk/run.mjs node20|node22|node24`.
 * Needs the packages built. The Windows rig runs the same suite: test/windows/azure-sdk.test.mjs. The newest generation also
 * runs what is in clients/.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApplication } from './application.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const generation = process.argv[2];
const application = installApplication(generation);
// Inside node_modules: git and the linters ignore it, and the clients are found from there.
const programs = resolve(application, 'node_modules/.programs');
mkdirSync(programs, { recursive: true });
for (const name of ['suite', 'clients', 'azure-sdk.test.mjs']) {
  cpSync(resolve(here, name), resolve(programs, name), { recursive: true });
}
const isNewest = generation === 'node24';
const tests = ['azure-sdk.test.mjs', ...(isNewest ? ['clients/all-clients.mjs', 'clients/large-blobs.mjs'] : [])];
// The memory that is held can only be told after a collection.
const options = ['--expose-gc', '--test-reporter=spec', '--test', ...tests];
const { status } = spawnSync(runtime(), options, { stdio: 'inherit', cwd: programs });
process.exitCode = status ?? 1;

/** The Node.js that the clients ask for: that of the process for node20, an installed one for the others. */
function runtime() {
  if (generation === 'node20') return process.execPath;
  const isWindows = process.platform === 'win32';
  const binary = isWindows ? 'bin/node.exe' : 'bin/node';
  return resolve(application, 'node_modules', `node-${isWindows ? 'win' : process.platform}-${process.arch}`, binary);
}
