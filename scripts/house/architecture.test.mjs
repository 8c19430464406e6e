/** docs/architecture.md against the folders and against the table that lint enforces: it says all of it, and nothing else. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { CORE_LAYERS } from '../lint/layers.mjs';
import { publishedPackages, root, sourceFiles } from '../workspace.mjs';
import { pageWithTable } from './layer-table.mjs';

const TESTS = 'packages/msal-mi-core-tests/test';
const read = (page) => readFileSync(resolve(root, page), 'utf8');
const page = read('docs/architecture.md');
const packages = publishedPackages().map(({ manifest }) => manifest.name);
const quoted = (text) => [...text.replace(/^```[^]*?^```/gm, '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);

/** @returns the rows below a heading, each as its cells */
function table(heading) {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `there is no section "${heading}"`);
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Every folder below src, with a slash at its end, and the files that lie in none. */
function rooms(name) {
  const src = `packages/${name}/`;
  const files = sourceFiles(resolve(root, src, 'src')).map((file) => file.slice(src.length));
  return [...new Set(files.map((file) => (dirname(file) === 'src' ? file : `${dirname(file)}/`)))].sort();
}

for (const name of packages) {
  test(`each folder and top-level file of ${name}/src has a row, and each row exists`, () => {
    const rows = table(name).flatMap(([where]) => quoted(where));
    assert.deepEqual(rows.filter((row) => row.startsWith('src/')).sort(), rooms(name));
    assert.deepEqual(
      rows.filter((row) => !existsSync(resolve(root, 'packages', name, row))),
      [],
    );
  });
}

test('the table of imports is the one that lint enforces: otherwise run pnpm layers:update', async () => {
  const { page: written, expected } = await pageWithTable();
  assert.equal(written.replaceAll('\r\n', '\n'), expected);
});

test('what a layer is made of exists', () => {
  const missing = Object.values(CORE_LAYERS)
    .flatMap(({ files }) => files)
    .filter((file) => !existsSync(resolve(root, 'packages/msal-mi-core/src', file)));
  assert.deepEqual(missing, []);
});

test('the folders of the tests are the ones that are listed', () => {
  const folders = readdirSync(resolve(root, TESTS), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    table('Tests')
      .flatMap(([where]) => quoted(where))
      .sort(),
    folders.map((entry) => `${entry.name}/`).sort(),
  );
});

for (const name of ['docs/architecture.md', 'CONTRIBUTING.md']) {
  test(`${name} names no file or folder that does not exist`, () => {
    const bases = ['.', TESTS, ...packages.flatMap((one) => [`packages/${one}`, `packages/${one}/src`])];
    const paths = quoted(read(name)).filter((text) =>
      /^[\w.-]+(\/[\w.*-]+)*(\/|\.(ts|mjs|cjs|json|md|txt|yaml))$/.test(text),
    );
    const missing = paths.filter(
      (path) => !bases.some((base) => existsSync(resolve(root, base, path.replace(/\*.*$/, '')))),
    );
    assert.ok(paths.length > 0);
    assert.deepEqual(missing, []);
  });
}

test('no C++ file is longer than 300 lines', () => {
  const MOST_LINES = 300;
  const files = sourceFiles().filter((file) => /\.(cc|h)$/.test(file));
  assert.ok(files.length > 100);
  const lines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n').length;
  assert.deepEqual(
    files.filter((file) => lines(file) > MOST_LINES),
    [],
  );
});
