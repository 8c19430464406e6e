/** Each claim of docs/threat-model.md names tests, and they exist: a claim whose test was renamed is proved by nothing. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../..');
const suites = join(root, 'packages/msal-mi-core-tests');
const tests = join(suites, 'test');
const files = readdirSync(tests, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(tests, join(entry.parentPath, entry.name)).split(sep).join('/'));

/** Rows of the tables whose last column says what proves them. */
const claims = readFileSync(join(root, 'docs/threat-model.md'), 'utf8')
  .split(/^## /m)
  .filter((section) => section.includes('proved by'))
  .flatMap((section) => section.split('\n').filter((line) => line.startsWith('|')))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter(([first]) => !first.startsWith('an attacker who') && !/^-+$/.test(first))
  .map((cells) => ({ attacker: cells[0], proofs: [...cells.at(-1).matchAll(/`([^`]+)`/g)].map(([, name]) => name) }));

/** A test file without its ending, the beginning of several (`tls/resource-server*`), a folder, or a path of the repository. */
function exists(name) {
  if (name.endsWith('*') || name.endsWith('/')) {
    const start = name.replace(/\*$/, '');
    return files.some((file) => file.startsWith(start)) || (name.endsWith('/') && existsSync(join(suites, name)));
  }
  if (files.some((file) => ['.test.ts', '.test.mjs'].some((ending) => file === name + ending))) return true;
  return name.startsWith('../') ? existsSync(join(tests, name)) : name.includes('/') && existsSync(join(root, name));
}

test('there are claims to look at', () => assert(claims.length > 30));

for (const { attacker, proofs } of claims) {
  test(`whoever ${attacker}: what proves the claim is there`, () => {
    assert.notDeepEqual(proofs, []);
    assert.deepEqual(
      proofs.filter((name) => !exists(name)),
      [],
    );
  });
}
