/** Every example runs, with the packages as they are published, and prints what its page shows. */
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { Installation } from './support/installation.js';
import { blocksOf, readPage, showsIn } from './support/page.js';
import { PUBLISHED, REPOSITORY, manifestOf, tarballOf, type Manifest } from './support/tarballs.js';

const FOLDER = join(REPOSITORY, 'examples');
const EXAMPLES = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
  .map(({ name }) => name);
const manifests = new Map(
  EXAMPLES.map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name, 'package.json'), 'utf8')) as Manifest]),
);
const dependenciesOf = (example: string) => manifests.get(example)!.dependencies ?? {};
const isOurs = (name: string) => PUBLISHED.some((published) => published === name);

/** One installation for all: each example finds in it what it depends on. */
const application = new Installation();
afterAll(() => application.remove());

beforeAll(() => {
  const tests = JSON.parse(
    readFileSync(join(REPOSITORY, 'packages/msal-mi-core-tests/package.json'), 'utf8'),
  ) as Manifest;
  const others = EXAMPLES.flatMap((example) => Object.entries(dependenciesOf(example)))
    .filter(([name]) => !isOurs(name))
    // As this workspace tests with.
    .map(([name, range]) => `${name}@${tests.devDependencies?.[name]?.replace(/^catalog:.*/, range) ?? range}`);
  const ours = PUBLISHED.filter((name) => EXAMPLES.some((example) => name in dependenciesOf(example))).map(tarballOf);
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  const { status, stderr } = application.run('npm', ['install', ...options, ...ours, ...new Set(others)]);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  cpSync(FOLDER, join(application.folder, 'examples'), { recursive: true });
}, 180_000);

test('the list of the examples has all of them', () => {
  const listed = [...readPage('examples/README.md').matchAll(/\]\(([\w-]+)\/README\.md\)/g)].map(([, name]) => name);
  expect(listed.sort()).toEqual(EXAMPLES);
});

describe.each(EXAMPLES)('the example %s', (example) => {
  it('depends on what it imports, in versions that exist, and on nothing else', () => {
    const sources = readdirSync(join(FOLDER, example)).filter((file) => file.endsWith('.mjs'));
    const imported = sources
      .flatMap((file) => [...readFileSync(join(FOLDER, example, file), 'utf8').matchAll(/ from '([^.'][^']*)';$/gm)])
      .map(([, specifier]) => /^(@[^/]+\/)?[^/]+/.exec(specifier!)![0])
      .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
    // The emulator is its command; peers are what the optional entry points ask for.
    const peers = Object.keys(manifestOf('msal-mi-core').peerDependencies ?? {});
    const declared = Object.keys(dependenciesOf(example));
    expect(declared).toEqual(expect.arrayContaining(imported));
    expect(
      declared.filter((name) => !imported.includes(name) && name !== 'msal-mi-emulator' && !peers.includes(name)),
    ).toEqual([]);
    for (const name of PUBLISHED.filter((published) => declared.includes(published))) {
      expect(dependenciesOf(example)[name]).toBe(`^${manifestOf(name).version}`);
    }
  });

  it('prints what its page shows', () => {
    const [shown] = blocksOf(`examples/${example}/README.md`).filter(({ mark }) => mark === 'output');
    const { status, stdout, stderr } = application.run('npm', ['start', '--silent', '--prefix', `examples/${example}`]);
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    if (!showsIn(stdout, shown!.text)) expect(stdout).toBe(shown!.text);
  }, 60_000);
});
