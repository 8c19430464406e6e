/** Proves that each rule of this project bites: every row is a file that lint must refuse, and why. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = resolve(import.meta.dirname, '../..');
const eslint = new ESLint({
  cwd: root,
  // The files of these rows do not exist, so there are no types to check.
  overrideConfig: [{ files: ['**/*.ts'], ...tseslint.configs.disableTypeChecked }],
});

async function failures(path, code) {
  const [result] = await eslint.lintText(code, { filePath: resolve(root, path) });
  return result.messages.filter(({ ruleId }) => ruleId !== '@typescript-eslint/no-unused-vars');
}

const CORE = 'packages/msal-mi-core/src';
const ATTESTATION = 'packages/msal-key-attestation/src';
const EMULATOR = 'packages/msal-mi-emulator/src';
const LAYERS = 'msal-mi/import-layers';
const VALUE = (from) => `import { x } from '${from}';\nx();\n`;
const TYPE = (from) => `import type { X } from '${from}';\nexport type Y = X;\n`;

/** [file, code, rule, part of the message] */
const REFUSED = [
  [`${CORE}/binding/csr.ts`, VALUE('../token/claims.js'), LAYERS, 'binding may not import token'],
  [`${CORE}/token/token-request.ts`, VALUE('../binding/key.js'), LAYERS, 'token may not import binding'],
  [`${CORE}/source/select-source.ts`, VALUE('../binding/key.js'), LAYERS, 'source may not import binding'],
  [
    `${CORE}/mtls-fetch/mtls-fetch.ts`,
    VALUE('../request/acquire-token.js'),
    LAYERS,
    'mtls-fetch may not import request',
  ],
  [`${CORE}/attestation/discover.ts`, VALUE('../source/capabilities.js'), LAYERS, 'attestation may not import source'],
  [`${CORE}/binding/key.ts`, TYPE('../token/claims.js'), LAYERS, 'binding may not import token'],
  [`${CORE}/binding/key.ts`, "export { x } from '../token/claims.js';\n", LAYERS, 'binding may not import token'],
  [`${CORE}/binding/key.ts`, "export * from '../token/claims.js';\n", LAYERS, 'binding may not import token'],
  [`${CORE}/binding/key.ts`, "await import('../token/claims.js');\n", LAYERS, 'binding may not import token'],
  [
    `${CORE}/binding/key.ts`,
    "export type Y = import('../token/claims.js').X;\n",
    LAYERS,
    'binding may not import token',
  ],
  [`${CORE}/binding/key.ts`, "require('../token/claims.js');\n", LAYERS, 'binding may not import token'],
  [`${CORE}/platform/win32/key-store.ts`, VALUE('../../binding/key.js'), LAYERS, 'platform may not import binding'],
  [`${CORE}/platform/software/key.ts`, VALUE('../../transport/retry.js'), LAYERS, 'platform may not import transport'],
  [`${CORE}/platform/software/key.ts`, VALUE('../../config.js'), LAYERS, 'platform may not import config'],
  [`${CORE}/request/recover.ts`, VALUE('../platform/software/key.js'), LAYERS, 'request may not import platform'],
  [`${CORE}/request/recover.ts`, VALUE('../client.js'), LAYERS, 'request may not import client'],
  [`${CORE}/transport/retry.ts`, VALUE('../cache/token-cache.js'), LAYERS, 'transport may not import cache'],
  [`${CORE}/crypto/x509.ts`, VALUE('../transport/retry.js'), LAYERS, 'crypto may not import transport'],
  [`${CORE}/config.ts`, VALUE('./client.js'), LAYERS, 'config may not import client'],
  [`${CORE}/model.ts`, VALUE('./errors.js'), LAYERS, 'only types from errors'],
  [`${CORE}/public-types.ts`, VALUE('./client.js'), LAYERS, 'model may not import client'],
  [`${CORE}/errors.ts`, VALUE('./public-types.js'), LAYERS, 'only types from model'],
  [`${CORE}/ports.ts`, VALUE('./transport/retry.js'), LAYERS, 'ports may not import transport'],
  [`${CORE}/azure/index.ts`, VALUE('../binding/key.js'), LAYERS, 'azure may not import binding'],
  [`${CORE}/cli/doctor.ts`, VALUE('../request/recover.js'), LAYERS, 'cli may not import request'],
  [`${CORE}/helpers/x.ts`, 'export const x = 1;\n', LAYERS, 'belongs to no layer'],
  [`${CORE}/client.ts`, VALUE('./helpers/x.js'), LAYERS, 'belongs to no layer'],
  [`${CORE}/client.ts`, VALUE('../../msal-mi-emulator/src/index.js'), LAYERS, 'leaves the src folder'],
  [`${CORE}/client.ts`, VALUE('../../msal-mi-core-tests/test/world.js'), LAYERS, 'Nothing imports the tests'],
  [`${CORE}/client.ts`, VALUE('msal-mi-core-tests'), LAYERS, 'Nothing imports the tests'],
  [`${EMULATOR}/server.ts`, VALUE('msal-mi-core-tests/test/world.js'), LAYERS, 'Nothing imports the tests'],
  [`${CORE}/attestation/discover.ts`, VALUE('msal-key-attestation'), LAYERS, 'may not import msal-key-attestation'],
  [`${CORE}/client.ts`, "await import('msal-key-attestation');\n", LAYERS, 'may not import msal-key-attestation'],
  [`${CORE}/client.ts`, VALUE('msal-mi-emulator'), LAYERS, 'may not import msal-mi-emulator'],
  [`${ATTESTATION}/provider.ts`, VALUE('msal-mi-core'), LAYERS, 'may not import msal-mi-core'],
  [`${ATTESTATION}/provider.ts`, "await import('msal-mi-core');\n", LAYERS, 'may not import msal-mi-core'],
  [`${EMULATOR}/server.ts`, TYPE('msal-mi-core'), LAYERS, 'may not import msal-mi-core'],

  [`${CORE}/client.ts`, 'process.env.X;\n', 'no-restricted-properties'],
  [`${CORE}/client.ts`, "process['env'];\n", 'no-restricted-properties'],
  [`${CORE}/client.ts`, 'export const { env } = process;\n', 'no-restricted-properties'],
  [`${CORE}/client.ts`, 'globalThis.process.env;\n', 'no-restricted-syntax'],
  [`${CORE}/client.ts`, "import { env } from 'node:process';\nenv.X;\n", 'no-restricted-syntax'],
  [`${ATTESTATION}/provider.ts`, 'process.env.X;\n', 'no-restricted-properties'],
  [`${EMULATOR}/server.ts`, 'process.env.X;\n', 'no-restricted-properties'],

  [`${CORE}/client.ts`, 'process.platform;\n', 'no-restricted-properties', 'hostPlatform'],
  [`${CORE}/config.ts`, 'process.platform;\n', 'no-restricted-properties', 'hostPlatform'],
  [`${ATTESTATION}/provider.ts`, 'process.platform;\n', 'no-restricted-properties', 'hostPlatform'],

  [`${CORE}/client.ts`, VALUE('node:child_process'), 'no-restricted-imports'],
  [`${CORE}/cli/doctor.ts`, VALUE('child_process'), 'no-restricted-imports'],
  [`${ATTESTATION}/provider.ts`, VALUE('node:child_process'), 'no-restricted-imports'],

  [`${CORE}/config.ts`, 'export const o = { rejectUnauthorized: false };\n', 'no-restricted-syntax'],
  [`${CORE}/platform/x.ts`, "export const o = { 'rejectUnauthorized': false };\n", 'no-restricted-syntax'],

  [`${CORE}/client.ts`, 'export const u = import.meta.url;\n', 'no-restricted-syntax'],
  [`${EMULATOR}/cli.ts`, 'export const u = import.meta.url;\n', 'no-restricted-syntax'],
  [`${CORE}/cli/doctor.ts`, "await import('node:fs');\n", 'no-restricted-syntax'],
  [`${EMULATOR}/cli.ts`, 'for await (const x of y) x();\n', 'no-restricted-syntax'],

  [`${CORE}/client.ts`, '/* eslint-disable no-debugger */\ndebugger;\n', 'no-debugger'],
  [`${CORE}/client.ts`, 'export const x = 1 as any;\n', '@typescript-eslint/no-explicit-any'],
  [`${CORE}/client.ts`, '// @ts-ignore\nexport const x = 1;\n', '@typescript-eslint/ban-ts-comment'],
  [
    'packages/msal-mi-core-tests/test/unit/x.test.ts',
    'export const x = 1 as any;\n',
    '@typescript-eslint/no-explicit-any',
  ],
];

/** [file, code] */
const ACCEPTED = [
  [`${CORE}/request/acquire-token.ts`, VALUE('../binding/key.js')],
  [`${CORE}/client.ts`, VALUE('./platform/software/key.js')],
  [`${CORE}/binding/csr.ts`, VALUE('../crypto/csr.js')],
  [`${CORE}/binding/csr.ts`, VALUE('./key.js')],
  [`${CORE}/model.ts`, TYPE('./ports.js')],
  [`${CORE}/model.ts`, "import { type X } from './errors.js';\nexport type Y = X;\n"],
  [`${CORE}/platform/win32/native/load.ts`, VALUE('#native')],
  [`${CORE}/attestation/discover.ts`, "export const load = () => import('msal-key-attestation');\n"],
  [`${ATTESTATION}/provider.ts`, TYPE('msal-mi-core')],
  [`${CORE}/config.ts`, 'export const x = process.env.X;\n'],
  [`${CORE}/cli/doctor.ts`, 'export const x = process.env.X;\n'],
  [`${ATTESTATION}/native/library-path.ts`, 'export const x = process.env.X;\n'],
  [`${CORE}/config.ts`, 'export const o = { rejectUnauthorized: true };\n'],
  [`${CORE}/client.ts`, 'export const f = async () => await g();\n'],
  [`${CORE}/client.ts`, 'export class A { async f() { for await (const x of y) await x(); } }\n'],
  [`${EMULATOR}/server.ts`, 'export const o = { requestCert: true, rejectUnauthorized: false };\n'],
];

for (const [path, code, rule, message = ''] of REFUSED) {
  test(`lint refuses ${JSON.stringify(code.trim())} in ${path}`, async () => {
    const found = await failures(path, code);
    assert.ok(
      found.some((failure) => failure.severity === 2 && failure.ruleId === rule && failure.message.includes(message)),
      `expected ${rule} "${message}", found ${JSON.stringify(found)}`,
    );
  });
}
for (const [path, code] of ACCEPTED) {
  test(`lint accepts ${JSON.stringify(code.trim())} in ${path}`, async () => {
    assert.deepEqual(
      (await failures(path, code)).filter(({ ruleId }) => /^(msal-mi\/|no-restricted)/.test(ruleId)),
      [],
    );
  });
}
