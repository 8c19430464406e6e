/** Comments, test names and pages cite the rules of docs/protocol.md by number: each rule that is cited has to be there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from '../workspace.mjs';

const BOOK = 'docs/protocol.md';
/** Not prose: `D10` means something else there. */
const NO_CITATIONS = /^pnpm-lock\.yaml$|scenarios\.json$|package-lock\.json$|\.(png|ico|svg)$/;
const read = (file) => readFileSync(resolve(root, file), 'utf8');

const anchors = new Set([...read(BOOK).matchAll(/<a id="d(\d+)"><\/a>/g)].map(([, number]) => number));

/** @returns the lines of a text that cite a rule which the book does not have */
function unknownCitations(text) {
  return text.split('\n').flatMap((line, index) => {
    const cited = [...line.matchAll(/\bD([1-9]\d?)\b|protocol\.md#d(\w+)/g)].map(([, rule, anchor]) => rule ?? anchor);
    const isWrong = cited.some((number) => !anchors.has(number)) || /\bPROTOCOL [A-Z]\d*\b/.test(line);
    return isWrong ? [`${index + 1}: ${line.trim()}`] : [];
  });
}

test('the book has each rule once', () => {
  const numbers = [...read(BOOK).matchAll(/^### <a id="d(\d+)"><\/a>D(\d+) /gm)].map(([, id, title]) => [id, title]);
  assert.equal(numbers.length, anchors.size);
  for (const [id, title] of numbers) assert.equal(id, title);
});

test('a citation of a rule that the book does not have is found', () => {
  assert.deepEqual(unknownCitations('// as it has to be (D1, D99)\n// (D22)\n'), ['1: // as it has to be (D1, D99)']);
  assert.deepEqual(unknownCitations('[why](protocol.md#d98)'), ['1: [why](protocol.md#d98)']);
  assert.deepEqual(unknownCitations('/** PROTOCOL B 1.4 */'), ['1: /** PROTOCOL B 1.4 */']);
});

test('every rule that is cited is in the book', () => {
  const wrong = sourceFiles()
    .filter((file) => !NO_CITATIONS.test(file) && file !== 'scripts/house/citations.test.mjs')
    .flatMap((file) => unknownCitations(read(file)).map((line) => `${file}:${line}`));
  assert.deepEqual(wrong, []);
});
