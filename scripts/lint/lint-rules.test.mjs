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
const VALUE = (from) => `import { x } from '${from}';\nx();\n`;

/** [file, code, rule, part of the message] */
const REFUSED = [
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
      (await failures(path, code)).filter(({ ruleId }) => /^no-restricted/.test(ruleId)),
      [],
    );
  });
}
