/** Proves that each rule of .dependency-cruiser.mjs bites: every row is an import that it must refuse, or let pass. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { cruise } from 'dependency-cruiser';
import ruleSet from '../../.dependency-cruiser.mjs';

const CORE = 'packages/msal-mi-core/src';
const ATTESTATION = 'packages/msal-key-attestation/src';
const EMULATOR = 'packages/msal-mi-emulator/src';
const WORKSPACE = ['msal-mi-core', 'msal-key-attestation', 'msal-mi-emulator', 'msal-mi-core-tests'];
const VALUE = (from) => `import { x } from '${from}';\nx();\n`;
const TYPE = (from) => `import type { X } from '${from}';\nexport type Y = X;\n`;
const IMPORT = (from) => `export const load = () => import('${from}');\n`;

/** [file, code, the rule that refuses it] */
const REFUSED = [
  [`${CORE}/binding/mint.ts`, VALUE('../token/claims.js'), 'binding imports only its own row'],
  [`${CORE}/binding/key.ts`, TYPE('../token/claims.js'), 'binding imports only its own row'],
  [`${CORE}/binding/attest.ts`, "export { x } from '../token/claims.js';\n", 'binding imports only its own row'],
  [`${CORE}/binding/mint.ts`, "export * from '../token/claims.js';\n", 'binding imports only its own row'],
  [`${CORE}/binding/lock.ts`, "await import('../token/claims.js');\n", 'binding imports only its own row'],
  [`${CORE}/binding/pool.ts`, "export type Y = import('../token/claims.js').X;\n", 'binding imports only its own row'],
  [`${CORE}/binding/chain.ts`, "require('../token/claims.js');\n", 'binding imports only its own row'],
  [`${CORE}/binding/proof.ts`, "require.resolve('../token/claims.js');\n", 'binding imports only its own row'],
  [`${CORE}/binding/seal.ts`, "import x = require('../token/claims.js');\nx();\n", 'binding imports only its own row'],
  [`${CORE}/token/token-request.ts`, VALUE('../binding/key.js'), 'token imports only its own row'],
  [`${CORE}/source/select-source.ts`, VALUE('../binding/key.js'), 'source imports only its own row'],
  [`${CORE}/mtls-fetch/mtls-fetch.ts`, VALUE('../request/acquire-token.js'), 'mtls-fetch imports only its own row'],
  [`${CORE}/attestation/discover.ts`, VALUE('../source/capabilities.js'), 'attestation imports only its own row'],
  [`${CORE}/platform/win32/key-store.ts`, VALUE('../../binding/key.js'), 'platform imports only its own row'],
  [`${CORE}/platform/software/key.ts`, VALUE('../../transport/exchange.js'), 'platform imports only its own row'],
  [`${CORE}/platform/software/key.ts`, VALUE('../../config.js'), 'platform imports only its own row'],
  [`${CORE}/request/recover.ts`, VALUE('../platform/software/key.js'), 'request imports only its own row'],
  [`${CORE}/request/recover.ts`, VALUE('../client.js'), 'request imports only its own row'],
  [`${CORE}/transport/exchange.ts`, VALUE('../cache/token-cache.js'), 'transport imports only its own row'],
  [`${CORE}/crypto/x509.ts`, VALUE('../transport/exchange.js'), 'crypto imports only its own row'],
  [`${CORE}/config.ts`, VALUE('./client.js'), 'config imports only its own row'],
  [`${CORE}/public-types.ts`, VALUE('./client.js'), 'model imports only its own row'],
  [`${CORE}/ports.ts`, VALUE('./transport/exchange.js'), 'ports imports only its own row'],
  [`${CORE}/azure/index.ts`, VALUE('../binding/key.js'), 'azure imports only its own row'],
  [`${CORE}/cli/doctor.ts`, VALUE('../request/recover.js'), 'cli imports only its own row'],
  [`${CORE}/client.ts`, VALUE('./helpers/x.js'), 'client imports only its own row'],

  [`${CORE}/model.ts`, VALUE('./errors.js'), 'model imports only types from errors'],
  [`${CORE}/model.ts`, TYPE('./errors.js') + VALUE('./errors.js'), 'model imports only types from errors'],
  [
    `${CORE}/model.ts`,
    `export type Y = import('./errors.js').X;\n${IMPORT('./errors.js')}`,
    'model imports only types from errors',
  ],
  [`${CORE}/errors.ts`, VALUE('./public-types.js'), 'errors imports only types from model'],
  [`${CORE}/errors.ts`, IMPORT('./public-types.js'), 'errors imports only types from model'],

  [`${CORE}/helpers/x.ts`, 'export const x = 1;\n', 'every file belongs to a layer'],
  [`${CORE}/helper.ts`, 'export const x = 1;\n', 'every file belongs to a layer'],

  [
    `${CORE}/binding/key.ts`,
    VALUE('../fetch/a.js'),
    'no way leads from a stage back to request',
    {
      [`${CORE}/fetch/a.ts`]: VALUE('../request/flow.js'),
    },
  ],
  [`${CORE}/crypto/x509.ts`, VALUE('./jwt.js'), 'no circle', { [`${CORE}/crypto/jwt.ts`]: VALUE('./x509.js') }],
  [`${CORE}/crypto/x509.ts`, TYPE('./jwt.js'), 'no circle', { [`${CORE}/crypto/jwt.ts`]: TYPE('./x509.js') }],
  [`${ATTESTATION}/log.ts`, VALUE('./jwt.js'), 'no circle', { [`${ATTESTATION}/jwt.ts`]: VALUE('./log.js') }],
  [`${EMULATOR}/http/a.ts`, VALUE('../page/b.js'), 'no circle', { [`${EMULATOR}/page/b.ts`]: VALUE('../http/a.js') }],

  [`${CORE}/client.ts`, VALUE('../../msal-mi-emulator/src/index.js'), 'no path leaves the src folder'],
  [`${CORE}/client.ts`, VALUE('../scripts/x.mjs'), 'no path leaves the src folder'],
  [`${CORE}/platform/win32/native/load.ts`, VALUE('../../../../native.mjs'), 'no path leaves the src folder'],
  [`${ATTESTATION}/provider.ts`, TYPE('../../msal-mi-core/src/index.js'), 'no path leaves the src folder'],
  [`${ATTESTATION}/provider.ts`, TYPE('../../msal-mi-core/dist/index.js'), 'no path leaves the src folder'],
  [`${CORE}/client.ts`, VALUE('../../msal-mi-core-tests/test/world.js'), 'nothing imports the tests'],
  [`${CORE}/client.ts`, VALUE('msal-mi-core-tests'), 'nothing imports the tests'],
  [`${EMULATOR}/server.ts`, VALUE('msal-mi-core-tests/test/world.js'), 'nothing imports the tests'],

  [`${CORE}/attestation/discover.ts`, VALUE('msal-key-attestation'), 'msal-key-attestation is loaded by import()'],
  [`${CORE}/attestation/discover.ts`, TYPE('msal-key-attestation'), 'msal-key-attestation is loaded by import()'],
  [`${CORE}/client.ts`, IMPORT('msal-key-attestation'), 'only attestation/discover.ts loads msal-key-attestation'],
  [`${ATTESTATION}/provider.ts`, VALUE('msal-mi-core'), 'msal-key-attestation imports only types of msal-mi-core'],
  [`${ATTESTATION}/provider.ts`, IMPORT('msal-mi-core'), 'msal-key-attestation imports only types of msal-mi-core'],
  [`${CORE}/client.ts`, VALUE('msal-mi-emulator'), 'nothing imports the emulator'],
  [`${ATTESTATION}/provider.ts`, TYPE('msal-mi-emulator'), 'nothing imports the emulator'],
  [`${EMULATOR}/server.ts`, TYPE('msal-mi-core'), 'the emulator stands alone'],
  [`${EMULATOR}/server.ts`, TYPE('msal-key-attestation/register'), 'the emulator stands alone'],
];

/** [file, code] */
const ACCEPTED = [
  [`${CORE}/request/acquire-token.ts`, VALUE('../binding/key.js')],
  [`${CORE}/client.ts`, VALUE('./platform/software/key.js')],
  [`${CORE}/binding/mint.ts`, VALUE('../crypto/csr.js')],
  [`${CORE}/binding/mint.ts`, VALUE('./key.js')],
  [`${CORE}/model.ts`, TYPE('./ports.js')],
  [`${CORE}/model.ts`, "import { type X } from './errors.js';\nexport type Y = X;\n"],
  [`${CORE}/model.ts`, "export type { X } from './errors.js';\n"],
  [`${CORE}/platform/win32/native/load.ts`, VALUE('#native')],
  [`${CORE}/version.ts`, VALUE('../package.json')],
  [`${CORE}/attestation/discover.ts`, IMPORT('msal-key-attestation')],
  [`${ATTESTATION}/provider.ts`, TYPE('msal-mi-core')],
];

const world = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-import-rules-')));
after(() => rmSync(world, { recursive: true }));

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function makePackages(baseDir, areLinked) {
  for (const name of WORKSPACE) {
    const folder = join(baseDir, 'packages', name);
    const manifest = { name, exports: { '.': './dist/index.js' }, imports: { '#native': './native.mjs' } };
    write(join(folder, 'package.json'), JSON.stringify(manifest));
    write(join(folder, 'native.mjs'), '');
    write(join(folder, 'dist/index.js'), '');
    mkdirSync(join(folder, 'node_modules'));
    if (!areLinked) continue;
    for (const other of WORKSPACE) {
      symlinkSync(join(baseDir, 'packages', other), join(folder, 'node_modules', other), 'junction');
    }
  }
}

/** @returns what is refused in a workspace of these files: the file and the name of the rule */
async function refusalsIn(name, files, areLinked) {
  const baseDir = join(world, name);
  makePackages(baseDir, areLinked);
  for (const [file, text] of Object.entries(files)) {
    write(join(baseDir, file), text);
    // What is imported by path has to exist, or its path stays as it is written.
    for (const [, specifier] of text.matchAll(/'(\.[^']+)'/g)) {
      const target = join(dirname(file), specifier).replace(/\.js$/, '.ts');
      if (!(target in files) && !existsSync(join(baseDir, target))) write(join(baseDir, target), 'export {};\n');
    }
  }
  const { output } = await cruise(['packages'], { ...ruleSet.options, baseDir, validate: true, ruleSet });
  return output.summary.violations.map(({ from, rule }) => ({ from, rule: rule.name }));
}

/** Rows whose files do not meet are looked at together. */
function workspacesOf(rows) {
  const workspaces = [];
  for (const row of rows) {
    const files = Object.entries({ [row[0]]: row[1], ...row[3] });
    let workspace = workspaces.find((one) => files.every(([file]) => !(file in one.files)));
    if (workspace === undefined) workspaces.push((workspace = { files: {}, rows: [] }));
    Object.assign(workspace.files, Object.fromEntries(files));
    workspace.rows.push(row);
  }
  return workspaces;
}

for (const areLinked of [true, false]) {
  const packages = areLinked ? 'with the packages installed' : 'with no package installed';
  const rowsHere = areLinked ? REFUSED : REFUSED.filter(([, code]) => code.includes("'msal-"));
  for (const [index, { files, rows }] of workspacesOf(rowsHere).entries()) {
    test(`refused imports ${packages}, ${index + 1}`, async () => {
      const found = await refusalsIn(`refused-${index}-${areLinked}`, files, areLinked);
      for (const [path, code, rule, others = {}] of rows) {
        // A circle is told at one of its files.
        const here = found.filter(({ from }) => from === path || from in others).map((one) => one.rule);
        assert.ok(here.includes(rule), `"${rule}" has to refuse ${code} in ${path}, found ${JSON.stringify(here)}`);
      }
    });
  }
}
for (const [index, { files }] of workspacesOf(ACCEPTED).entries()) {
  test(`accepted imports, ${index + 1}`, async () => {
    assert.deepEqual(await refusalsIn(`accepted-${index}`, files, true), []);
  });
}
