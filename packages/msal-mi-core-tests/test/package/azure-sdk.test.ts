import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const FOLDER = resolve(import.meta.dirname, '../../azure-sdk');
/** Every release of TypeScript is looked at at night: they differ in little. */
const RELEASES = process.env['MSAL_MI_NIGHTLY'] === undefined ? ['5.4', '6.0', '7.0'] : [];

const run = (program: string, ...options: string[]) =>
  spawnSync(process.execPath, [resolve(FOLDER, program), ...options], { encoding: 'utf8' });

test.each([
  ['the last Azure SDK clients that accept Node.js 20', 'node20', 60],
  ['the Azure SDK clients of the Windows rig under Node.js 22', 'node22', 60],
  ['the newest Azure SDK and HTTP clients under Node.js 24', 'node24', 110],
])(
  '%s work over mTLS PoP, or send nothing and say why',
  (_name, generation, atLeast) => {
    const { status, stdout, stderr } = run('run.mjs', generation);

    expect(`${stdout}${stderr}`).toMatch(/^ℹ fail 0$/m);
    expect(Number(/^ℹ pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(atLeast);
    expect(status).toBe(0);
  },
  600_000,
);

test('the options of every client take what withMtlsPop gives, from TypeScript 5.4 to 7', () => {
  const { status, stdout } = run('run-types.mjs', ...RELEASES);

  expect(stdout).not.toMatch(/^fail/m);
  expect(stdout).toMatch(/^pass: TypeScript 7\.0, exact optional properties$/m);
  expect(status).toBe(0);
}, 900_000);
