/** A unit test is found from its source and the other way round; tests reach into a package by its alias. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from '../workspace.mjs';

const TESTS = 'packages/msal-mi-core-tests/test';
const UNIT = new RegExp(`^${TESTS}/unit/([^/]+)/(.+)$`);
/** `provider.test.ts`; `provider.options.test.ts` where the tests of one source fill several files. */
const ENDING = /(?:\.[a-z-]+)?\.test\.ts$/;
const tests = sourceFiles(resolve(root, TESTS));

test('every file of test/unit/<package>/ has its source at the same path', () => {
  const strays = tests.filter((file) => {
    if (!file.startsWith(`${TESTS}/unit/`)) return false;
    const [, name, path] = UNIT.exec(file) ?? [undefined, '', ''];
    return !ENDING.test(path) || !existsSync(resolve(root, 'packages', name, 'src', path.replace(ENDING, '.ts')));
  });
  assert.deepEqual(strays, []);
});

test('no test imports source by a relative path', () => {
  const relativeSource = /(?:from|import|import\() ?'(?:\.\.\/)+(?:packages\/)?msal-[^/']+\/src\//;
  const strays = tests.filter(
    (file) => /\.(ts|mts|mjs)$/.test(file) && relativeSource.test(readFileSync(resolve(root, file), 'utf8')),
  );
  assert.deepEqual(strays, []);
});
