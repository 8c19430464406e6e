/** Applications that were bundled: bound and bearer tokens, and on Windows the native modules beside the bundle. */
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installLocked, Installation } from './support/installation.js';
import { NPM } from './support/managers.js';
import { plant } from './support/planted.js';
import { optionalPeersOf, tarballOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const BUNDLERS = resolve(import.meta.dirname, '../../bundlers');
const ADDONS = ['msal-mi-core', 'msal-key-attestation'];

/** One of each kind for every change; at night, all settings. */
const FOR_EVERY_CHANGE = [
  'esbuild-esm',
  'esbuild-cjs',
  'webpack',
  'webpack-dirname-mock',
  'rollup-esm',
  'vite-ssr',
  'ncc',
];
const AT_NIGHT = [
  'esbuild-esm-banner',
  'esbuild-split',
  'webpack-esm',
  'webpack-dirname-false',
  'webpack-dirname-true',
  'rspack',
  'rspack-dirname-false',
  'rspack-dirname-mock',
  'rollup-cjs',
  'rolldown-esm',
  'rolldown-cjs',
  'bun',
  'bun-split',
  'rsbuild',
  'rsbuild-dirname-false',
];
const NAMES = [...FOR_EVERY_CHANGE, ...(process.env['MSAL_MI_NIGHTLY'] === undefined ? [] : AT_NIGHT)];
/** Their bundle has no folder, or one that is not a fully qualified path: nothing may be looked for there. */
const WITHOUT_FOLDER = /dirname-(true|mock)|rsbuild-dirname-false/;
/** msal-node has dependencies in CommonJS, which need a require() that esbuild leaves to a banner. */
const WITHOUT_REQUIRE = ['esbuild-esm', 'esbuild-split'];

interface Report {
  readonly bound: { tokenType?: string; errorCode?: string; message?: string };
  readonly bearer: { tokenType?: string; errorCode?: string; message?: string };
  readonly attestation: { detail: string };
  readonly lookedFor?: { asked: string[]; loaded: string[] };
}

const application = new Installation();
/** Has no node_modules above it: what is found here was in the bundle. */
const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-bundles-')));
/** The working directory of the bundles: everything that they could be made to load lies here. */
const planted = join(elsewhere, 'planted');
afterAll(() => {
  application.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

const folderOf = (name: string) => join(elsewhere, name);
const fileOf = (name: string) => {
  const [file] = ['app.mjs', 'app.cjs'].map((app) => join(folderOf(name), app)).filter((path) => existsSync(path));
  if (file === undefined) throw new Error(`${name} wrote no bundle`);
  return file;
};

/** Runs bundles in the planted folder, with an emulator as their cloud. */
function runEach(programs: string[][]): Report[] {
  const emulator = join(application.folder, 'node_modules/msal-mi-emulator/bin/msal-mi-emulator.mjs');
  const { stdout, stderr } = new Installation(planted).node(
    ...[emulator, '--', process.execPath, join(PROGRAMS, 'run-each.mjs'), JSON.stringify(programs)],
  );
  const outcomes = JSON.parse(stdout.slice(stdout.indexOf('[{'))) as Array<{ stdout: string; stderr: string }>;
  expect(stderr).toBe('');
  return outcomes.map((outcome) => {
    expect(outcome.stderr).toBe('');
    return JSON.parse(outcome.stdout) as Report;
  });
}

const warnings: Record<string, string[]> = {};

beforeAll(() => {
  installLocked(BUNDLERS);
  const tarballs = ['msal-mi-core', 'msal-key-attestation', 'msal-mi-emulator'] as const;
  application.write('package.json', JSON.stringify({ name: 'application', private: true }));
  const msalNode = optionalPeersOf('msal-mi-core').filter((name) => name.startsWith('@azure/msal-node@'));
  expect(NPM.install(application, ...tarballs.map(tarballOf), ...msalNode)).toMatchObject({ status: 0 });
  for (const name of ADDONS) plant(join(application.folder, 'node_modules', name));
  application.copy(join(PROGRAMS, 'bundled.mjs'));
  plant(planted);
  for (const name of NAMES) {
    const built = application.node(join(BUNDLERS, 'build.mjs'), 'bundled.mjs', elsewhere, name);
    expect({ name, ...built, stdout: '' }).toEqual({ name, status: 0, stdout: '', stderr: '' });
    Object.assign(warnings, JSON.parse(built.stdout));
    cpSync(join(application.folder, 'node_modules/msal-mi-core/prebuilds'), join(folderOf(name), 'prebuilds'), {
      recursive: true,
    });
  }
}, 600_000);

test('no bundler warns of anything', () => {
  expect(warnings).toEqual(Object.fromEntries(NAMES.map((name) => [name, []])));
});

describe('a bundle', () => {
  let reports: Map<string, Report>;
  beforeAll(() => {
    const found = runEach(NAMES.map((name) => [fileOf(name)]));
    reports = new Map(NAMES.map((name, index) => [name, found[index] as Report]));
  }, 300_000);

  it.each(NAMES)('acquires bound and bearer tokens: %s', (name) => {
    const { bound, bearer } = reports.get(name) as Report;
    expect(bound).toEqual({ tokenType: 'mtls_pop' });
    if (WITHOUT_REQUIRE.includes(name)) {
      expect(bearer).toMatchObject({
        errorCode: 'bearer_requires_msal_node',
        message: expect.stringContaining('docs/bundling.md') as string,
      });
    } else expect(bearer).toEqual({ tokenType: 'Bearer' });
  });
});

describe('a bundle that was built elsewhere and runs on Windows', () => {
  let reports: Map<string, Report>;
  beforeAll(() => {
    const preload = ['--require', join(PROGRAMS, 'as-windows.cjs')];
    const found = runEach(NAMES.map((name) => [...preload, fileOf(name)]));
    reports = new Map(NAMES.map((name, index) => [name, found[index] as Report]));
  }, 300_000);

  it.each(NAMES)('loads the native module beside it, or none: %s', (name) => {
    const { bound, lookedFor } = reports.get(name) as Report;
    const beside = join(folderOf(name), 'prebuilds', 'win32-x64', 'msal-mi-core.node');
    const isWithout = WITHOUT_FOLDER.test(name);
    expect(bound.errorCode).toBe(isWithout ? 'native_module_missing' : 'native_module_load_failed');
    expect(lookedFor?.loaded.filter((file) => file.endsWith('msal-mi-core.node'))[0]).toBe(
      isWithout ? undefined : beside,
    );
  });

  it.each(NAMES)('looks for no native file in the working directory: %s', (name) => {
    const { attestation, lookedFor } = reports.get(name) as Report;
    const paths = [...(lookedFor?.asked ?? []), ...(lookedFor?.loaded ?? [])];
    const isBeside = (path: string) => path.startsWith(join(folderOf(name), '/'));
    expect(paths.filter((path) => !isBeside(path))).toEqual([]);
    expect(attestation.detail).not.toContain('planted');
  });
});

test('a bundle that is given to node -e, or by standard input, loads nothing', () => {
  const launch = "eval(require('node:fs').readFileSync(process.argv[1], 'utf8'))";
  const preload = ['--require', join(PROGRAMS, 'as-windows.cjs')];
  const reports = runEach([
    [...preload, '-e', launch, fileOf('esbuild-cjs')],
    [...preload, '--input-type=module', `<${fileOf('esbuild-esm')}`],
  ]);
  expect(reports).toHaveLength(2);
  for (const { bound, lookedFor } of reports) {
    expect(bound.errorCode).toBe('native_module_missing');
    expect(lookedFor).toEqual({ asked: [], loaded: [] });
  }
}, 120_000);
