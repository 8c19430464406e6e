/** Next.js and NestJS, built on Linux and started as their users do, from there and as if on Windows. */
import { copyFileSync, cpSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Installation } from './support/installation.js';
import { NPM } from './support/managers.js';
import { blocksOf } from './support/page.js';
import { plant, prebuildsOf } from './support/planted.js';
import { optionalPeersOf, tarballOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const FRAMEWORKS = resolve(import.meta.dirname, '../../frameworks');
const [MAJOR = 0] = process.versions.node.split('.').map(Number);
const isNight = process.env['MSAL_MI_NIGHTLY'] !== undefined;
/** CI runs the package tests under three lines of Node.js. What these build is the same for all: once is enough. */
const describeOnce = isNight || process.env['CI'] === undefined || MAJOR >= 26 ? describe : describe.skip;

/** One of each kind for every change; at night, all. */
const NEXT = [
  { bundler: 'turbopack', output: 'standalone', isExternal: false },
  ...(isNight
    ? [
        { bundler: 'webpack', output: 'standalone', isExternal: true },
        { bundler: 'turbopack', output: 'standalone', isExternal: true },
        { bundler: 'turbopack', output: undefined, isExternal: false },
        { bundler: 'turbopack', output: undefined, isExternal: true },
        { bundler: 'webpack', output: 'standalone', isExternal: false },
        { bundler: 'webpack', output: undefined, isExternal: false },
        { bundler: 'webpack', output: undefined, isExternal: true },
      ]
    : []),
];
const NEST = ['webpack', ...(isNight ? ['tsc', 'swc', 'rspack'] : [])];
const [EXTERNAL] = blocksOf('docs/bundling.md').filter(({ text }) => text.includes('serverExternalPackages'));

interface Outcome {
  readonly tokenType?: string;
  readonly status?: number;
  readonly errorCode?: string;
  readonly message?: string;
}
interface Report {
  readonly bound: Outcome;
  readonly call: Outcome;
  readonly bearer?: Outcome;
  readonly attestation?: { readonly detail: string };
  readonly lookedFor: { readonly asked: string[]; readonly loaded: string[] };
}

describeOnce('a framework', () => {
  const application = new Installation(realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-frameworks-'))));
  const { folder } = application;
  /** Standalone servers are moved there: nothing of the application is above them. */
  const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-deployed-')));
  /** The working directory of the servers that need none: everything that they could be made to load lies here. */
  const planted = new Installation(join(elsewhere, 'planted'));
  afterAll(() => {
    application.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  beforeAll(() => {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(FRAMEWORKS, file), join(folder, file));
    const tarballs = ['msal-mi-core', 'msal-key-attestation', 'msal-mi-emulator'] as const;
    const msalNode = optionalPeersOf('msal-mi-core').filter((name) => name.startsWith('@azure/msal-node@'));
    expect(NPM.install(application, ...tarballs.map(tarballOf), ...msalNode, '--ignore-scripts')).toMatchObject({
      status: 0,
    });
    for (const name of ['next', 'nest']) cpSync(join(FRAMEWORKS, name), folder, { recursive: true });
    for (const name of ['msal-mi-core', 'msal-key-attestation']) plant(join(folder, 'node_modules', name));
    plant(planted.folder);
  }, 600_000);

  /** Starts a server with an emulator as its cloud, and asks it once. */
  function ask(where: Installation, args: readonly string[], preload: readonly string[] = []): Report {
    const emulator = join(folder, 'node_modules/msal-mi-emulator/bin/msal-mi-emulator.mjs');
    const asking = [process.execPath, join(PROGRAMS, 'ask-server.mjs'), '/api/token', ...preload, ...args];
    const { stdout, stderr } = where.node(emulator, '--', ...asking);
    const line = stdout.split('\n').find((text) => text.startsWith('{"bound'));
    if (line === undefined) throw new Error(`${stdout}\n${stderr}`);
    return JSON.parse(line) as Report;
  }
  const askAsOnWindows = (where: Installation, args: readonly string[]) =>
    ask(where, args, ['--require', join(PROGRAMS, 'as-windows.cjs')]);

  function expectAddonsOf(root: string, { bound, call, lookedFor }: Report): void {
    const addon = join(root, 'node_modules/msal-mi-core', prebuildsOf('msal-mi-core'));
    for (const { errorCode, message } of [bound, call]) {
      expect({ errorCode, message }).toEqual({
        errorCode: 'native_module_load_failed',
        message: expect.stringContaining(addon) as string,
      });
    }
    expect(lookedFor.loaded).toContain(addon);
  }
  /** Where a bundle of webpack is, which Next.js puts into the folder of a route or of chunks. */
  function expectNoAddon(root: string, { bound, call, lookedFor }: Report): void {
    const { message = '' } = bound;
    for (const { errorCode } of [bound, call]) expect(errorCode).toBe('native_module_missing');
    expect(message).toContain(join(root, '.next/server/'));
    expect(message).toContain('serverExternalPackages');
    expect(lookedFor.loaded).toEqual([]);
  }

  describe.each(NEXT)('Next.js, $bundler, output $output, external $isExternal', ({ bundler, output, isExternal }) => {
    const next = 'node_modules/next/dist/bin/next';
    const deployed = join(elsewhere, `${bundler}-${isExternal ? 'external' : 'bundled'}`);
    const isStandalone = output !== undefined;
    const [root, where, start] = isStandalone
      ? [deployed, planted, [join(deployed, 'server.js')]]
      : [folder, application, [next, 'start']];

    beforeAll(() => {
      const config = isExternal ? EXTERNAL!.text : "export default {\n  output: 'standalone',\n};\n";
      application.write('next.config.mjs', isStandalone ? config : config.replace(/^.*standalone.*\n/m, ''));
      const built = application.node(next, 'build', `--${bundler}`);
      expect({ ...built, stdout: '' }).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(built.stdout).not.toMatch(/warn/i);
      if (isStandalone) renameSync(join(folder, '.next/standalone'), deployed);
    }, 300_000);

    it('acquires tokens in a route handler, and calls the resource', () => {
      const { bound, call, bearer } = ask(where, start);
      expect({ bound, call, bearer }).toEqual({
        bound: { tokenType: 'mtls_pop' },
        call: { status: 200 },
        bearer: { tokenType: 'Bearer' },
      });
    }, 120_000);

    it('looks for the native modules in its own folder on Windows', () => {
      const report = askAsOnWindows(where, start);
      const { asked, loaded } = report.lookedFor;
      expect([...asked, ...loaded].filter((path) => !path.startsWith(join(root, '/')))).toEqual([]);
      expect(report.attestation?.detail).not.toContain('planted');
      if (bundler === 'webpack' && !isExternal) expectNoAddon(root, report);
      else expectAddonsOf(root, report);
    }, 120_000);
  });

  describe.each(NEST)('NestJS, %s', (builder) => {
    const start = [join(folder, 'dist/main.js')];
    beforeAll(() => {
      const built = application.node('node_modules/@nestjs/cli/bin/nest.js', 'build', '--builder', builder);
      // What it says on stderr is that NestJS would rather have another builder.
      expect(built).toMatchObject({ status: 0 });
    }, 300_000);

    it('injects an application that acquires tokens and calls the resource', () => {
      const { bound, call } = ask(planted, start);
      expect({ bound, call }).toEqual({ bound: { tokenType: 'mtls_pop' }, call: { status: 200 } });
    }, 120_000);

    it('looks for the native module in its package on Windows', () => {
      expectAddonsOf(folder, askAsOnWindows(planted, start));
    }, 120_000);
  });
});
