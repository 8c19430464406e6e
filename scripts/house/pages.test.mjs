/** What the pages owe their readers, apart from links and length (.remarkrc.mjs). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root, sourceFiles } from '../workspace.mjs';

const read = (page) => readFileSync(resolve(root, page), 'utf8');
const pages = sourceFiles().filter((file) => file.endsWith('.md') && !/^(docs\/api|etc|\.changeset)\//.test(file));
const snippetsOf = (text) =>
  [...text.matchAll(/^```(?:ts|js|mjs|typescript)\b[^\n]*\n([^]*?)^```/gm)].map(([, code]) => code);

/** A catch clause that shows one kind of error would swallow all others. */
const swallows = (code) => /\bcatch \(\w+\) \{(?![^]*\bthrow \w+;)/.test(code);
/** createMtlsFetch and the transport for the Azure SDK know which hosts want it. The emulator's vault has another name. */
const setsHeader = (code) => code.includes('x-ms-tokenboundauth') && !code.includes('isEmulator');

test('docs/README.md lists every page', () => {
  const listed = [...read('docs/README.md').matchAll(/\]\(([^)#]+)/g)].map(([, link]) => `docs/${link}`);
  const unlisted = pages.filter(
    (page) => page.startsWith('docs/') && page !== 'docs/README.md' && !listed.includes(page),
  );
  assert.deepEqual(unlisted, []);
});

test('no snippet swallows an error that it does not know', () => {
  assert.deepEqual(
    pages.filter((page) => snippetsOf(read(page)).some(swallows)),
    [],
  );
  assert.ok(swallows('try { a(); } catch (error) { if (isMsalMiError(error)) show(error); }'));
});

test('no snippet sets the header of Key Vault by hand', () => {
  assert.deepEqual(
    pages.filter((page) => snippetsOf(read(page)).some(setsHeader)),
    [],
  );
  assert.ok(setsHeader("fetch(url, { headers: { 'x-ms-tokenboundauth': 'true' } })"));
});
