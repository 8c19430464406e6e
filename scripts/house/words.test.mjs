/** Words that pages, messages and comments do not use. Own code: cspell knows single words, no phrases. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from '../workspace.mjs';

const WRITTEN =
  /\.md$|^packages\/[^/]+\/.*\.(?:ts|mjs|cjs|cc|h)$|^packages\/[^/]+\/bin\/|^native-common\/|^(scripts|examples)\/.*\.mjs$/;
/** "The host is no VM" is read twice; "is not a VM" once. "There is no VM" is plain. */
const IS_NO = /(?<!\bthere )\b(?:is|are) no (?!longer\b)[\w`]+/gi;
const LINE_BREAK = /\n\s*(?:\*|\/\/)?\s*/g;

const phrases = (text) => [...text.replaceAll(LINE_BREAK, ' ').matchAll(IS_NO)].map(([phrase]) => phrase);

test('nothing "is no" thing: it is not one', () => {
  const found = sourceFiles()
    .filter((file) => WRITTEN.test(file) && file !== 'scripts/house/words.test.mjs')
    .flatMap((file) => phrases(readFileSync(resolve(root, file), 'utf8')).map((phrase) => `${file}: ${phrase}`));
  assert.deepEqual(found, []);
});

test('such a phrase is found', () => {
  const text =
    'The host is no VM. There is no VM. Codes that are no `numbers`.\n * A name that is no\n * URL, and there is\n * no list.';
  assert.deepEqual(phrases(text), ['is no VM', 'are no `numbers`', 'is no URL']);
});
