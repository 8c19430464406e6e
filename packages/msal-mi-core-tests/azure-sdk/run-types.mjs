/**
 * Type-checks types/clients.ts with several releases of TypeScript, with and without `exactOptionalPropertyTypes`:
 * `node azure-sdk/run-types.mjs [release ...]`. Default: all that node24/package.json names. Needs the packages built.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApplication } from './application.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const application = installApplication('node24');
const programs = resolve(application, 'node_modules/.types');
mkdirSync(programs, { recursive: true });
cpSync(resolve(here, 'types'), programs, { recursive: true });
writeFileSync(resolve(programs, 'package.json'), '{ "type": "module" }');

const { dependencies } = JSON.parse(readFileSync(resolve(application, 'package.json'), 'utf8'));
const all = Object.keys(dependencies).flatMap((name) => /^typescript-(.+)/.exec(name)?.[1] ?? []);
const releases = process.argv.length > 2 ? process.argv.slice(2) : all;

let failed = 0;
for (const release of releases) {
  for (const exactOptionalPropertyTypes of [false, true]) {
    const config = resolve(programs, 'tsconfig.json');
    const compilerOptions = {
      ...{ target: 'ES2022', lib: ['ES2022'], module: 'NodeNext', types: ['node'] },
      ...{ strict: true, noEmit: true, skipLibCheck: true, exactOptionalPropertyTypes },
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['clients.ts'] }));
    const tsc = resolve(application, `node_modules/typescript-${release}/bin/tsc`);
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', config, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    failed += status === 0 ? 0 : 1;
    console.log(
      `${status === 0 ? 'pass' : 'fail'}: TypeScript ${release}${exactOptionalPropertyTypes ? ', exact optional properties' : ''}`,
    );
    if (status !== 0) console.log(stdout);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
