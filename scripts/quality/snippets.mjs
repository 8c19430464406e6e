/**
 * Type-checks every TypeScript snippet of the documentation and every example of a doc comment against the built packages, as
 * a reader would use them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { publishedPackages, root, sourceFiles } from '../workspace.mjs';

const LINE_OF_A_COMMENT = /^ *\* ?/gm;
const FENCE = /^```(?:ts|typescript)(?: [^\n]*)?\n([\s\S]*?)^```/gm;
const folder = resolve(root, 'packages/msal-mi-core-tests/.snippets');

const pages = [
  'README.md',
  ...readdirSync(resolve(root, 'packages')).map((name) => `packages/${name}/README.md`),
  // docs/api shows signatures; its examples come from the sources.
  ...readdirSync(resolve(root, 'docs'), { recursive: true }).map((name) => `docs/${name.replaceAll('\\', '/')}`),
].filter((page) => page.endsWith('.md') && !page.startsWith('docs/api/'));
const sources = publishedPackages().flatMap(({ folder }) => sourceFiles(resolve(folder, 'src')));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const origin = new Map();
for (const page of [...pages, ...sources]) {
  const text = page.endsWith('.md') ? readPage(page) : readPage(page).replace(LINE_OF_A_COMMENT, '');
  for (const match of text.matchAll(FENCE)) {
    const name = `snippet-${origin.size}.mts`;
    const line = text.slice(0, match.index).split('\n').length + 1;
    origin.set(name, { page, line });
    // A snippet without import or export is a module all the same: its names are its own.
    writeFileSync(resolve(folder, name), `${match[1]}\nexport {};\n`);
  }
}
writeFileSync(
  resolve(folder, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../../tsconfig.base.json',
    compilerOptions: { noEmit: true, types: ['node'], module: 'NodeNext', noUnusedLocals: false },
    include: ['*.mts'],
  }),
);

const tsc = resolve(root, 'node_modules/typescript-7/bin/tsc');
const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
const located = stdout.replace(/^\S*?(snippet-\d+\.mts)\((\d+),(\d+)\)/gm, (_all, name, line, column) => {
  const { page, line: first } = origin.get(name);
  return `${relative('.', page)}:${first + Number(line) - 1}:${column}`;
});
if (status !== 0) console.error(located);
else rmSync(folder, { recursive: true, force: true });
console.log(
  `${origin.size} snippets of the documentation and of doc comments ${status === 0 ? 'type-check' : 'were checked'}`,
);
process.exit(status === 0 ? 0 : 1);

function readPage(page) {
  try {
    return readFileSync(resolve(root, page), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return ''; // A package without a README.
    throw error;
  }
}
