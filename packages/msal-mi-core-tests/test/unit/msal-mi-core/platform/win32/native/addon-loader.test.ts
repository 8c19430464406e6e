/** Which folder the code takes for its own, as Node.js and bundlers tell it: addons are looked for there alone. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SOURCE = readFileSync(
  resolve(import.meta.dirname, '../../../../../../../../native-common/node/native.mjs'),
  'utf8',
);
const TELL = '\nprocess.stdout.write(String(ownFolder()));';
const DATA = `data:text/javascript,${encodeURIComponent(SOURCE + TELL)}`;
/** A bundler that writes a constant in place of import.meta.url. */
const folded = (url: string | undefined) =>
  SOURCE.replaceAll('import.meta.url', url === undefined ? 'undefined' : JSON.stringify(url));

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-own folder#')));
const unrelated = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-working-')));
afterAll(() => {
  for (const path of [folder, unrelated]) rmSync(path, { recursive: true, force: true });
});

function run(args: readonly string[], input = ''): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: unrelated, input, encoding: 'utf8' });
  return stdout + stderr;
}
const evaluated = (source: string) => run(['--input-type=module', '-e', source + TELL]);

it('is the folder of the file', () => {
  writeFileSync(join(folder, 'app.mjs'), SOURCE + TELL);
  expect(run([join(folder, 'app.mjs')])).toBe(folder);
});

it.each([
  ['was given to node -e', () => evaluated(SOURCE)],
  ['came by standard input', () => run(['--input-type=module'], SOURCE + TELL)],
  ['is a data: URL', () => run(['--input-type=module', '-e', `await import(${JSON.stringify(DATA)});`])],
])('is none where the code %s, and not the working directory', (_how, told) => {
  expect(told()).toBe('undefined');
});

it('is what a bundler tells at run time', () => {
  expect(evaluated(folded(pathToFileURL(join(folder, 'native.mjs')).href))).toBe(folder);
});

it.each(['#1', '?1'])('is none where a URL was not encoded, which would name a folder above: app%s', (end) => {
  expect(evaluated(folded(`${pathToFileURL(unrelated).href}/app${end}/native.mjs`))).toBe('undefined');
});

it('is __dirname where a bundler has made CommonJS of it', () => {
  const source = folded(undefined).replaceAll(/^import \{(.*)\} from '(.*)';$/gm, "const {$1} = require('$2');");
  writeFileSync(join(folder, 'app.cjs'), source.replaceAll(/^export /gm, '') + TELL);
  expect(run([join(folder, 'app.cjs')])).toBe(folder);
  expect(run(['-e', source.replaceAll(/^export /gm, '') + TELL])).toBe('.');
});
