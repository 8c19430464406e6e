/** No line of code is longer than fits beside another. Own code: ESLint's max-len sees no C++, and goes with version 11. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from '../workspace.mjs';

const MOST_CHARACTERS = 140;
const CODE = /\.(?:[cm]?[jt]s|cc|h)$/;
/** Style sheets in a template: a rule a line. */
const EXCEPTIONS = ['packages/msal-mi-emulator/src/page/page-style.ts'];

const longLines = (text) =>
  text.split('\n').flatMap((line, at) => (line.length > MOST_CHARACTERS ? [`${at + 1}: ${line.length}`] : []));

test(`no line is longer than ${MOST_CHARACTERS} characters`, () => {
  const files = sourceFiles().filter((file) => CODE.test(file) && !EXCEPTIONS.includes(file));
  assert.ok(files.length > 500);
  assert.deepEqual(
    files.flatMap((file) => longLines(readFileSync(resolve(root, file), 'utf8')).map((line) => `${file}:${line}`)),
    [],
  );
});

test('a longer one is found', () => {
  assert.deepEqual(longLines(`short\n${'x'.repeat(MOST_CHARACTERS + 1)}\n`), ['2: 141']);
});
