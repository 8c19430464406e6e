/**
 * Runs the Azure SDK tests on this host with the clients of one generation: `node azure-sdk/run.mjs node20|node22`. Needs the
 * packages built. The Windows rig runs the same suite: test/windows/azure-sdk.test.mjs.
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
for (const name of ['suite', 'azure-sdk.test.mjs']) {
  cpSync(resolve(here, name), resolve(programs, name), { recursive: true });
}
const options = ['--test-reporter=spec', '--test', resolve(programs, 'azure-sdk.test.mjs')];
const { status } = spawnSync(runtime(), options, { stdio: 'inherit' });
process.exitCode = status ?? 1;

/** The Node.js that the clients ask for: that of the process for node20, an installed one for node22. */
function runtime() {
  if (generation === 'node20') return process.execPath;
  const isWindows = process.platform === 'win32';
  const binary = isWindows ? 'bin/node.exe' : 'bin/node';
  return resolve(application, 'node_modules', `node-${isWindows ? 'win' : process.platform}-${process.arch}`, binary);
}
