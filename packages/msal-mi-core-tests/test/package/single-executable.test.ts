/** Single executables, made as docs/bundling.md says. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Installation } from './support/installation.js';
import { NPM } from './support/managers.js';
import { blocksOf } from './support/page.js';
import { optionalPeersOf, tarballOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const { resolve } = createRequire(import.meta.url);
/** What the page starts with npx. */
const COMMANDS: Record<string, string> = {
  esbuild: resolve('esbuild/bin/esbuild'),
  postject: resolve('postject/dist/cli.js'),
};
const PAGE = blocksOf('docs/bundling.md');
const [MAJOR = 0] = process.versions.node.split('.').map(Number);
const PLANTED = 'throw Object.assign(new Error(), { errorCode: "planted code ran" });';

// The platforms that the executable of Node.js itself can be copied on without signing it anew.
const onLinux = process.platform === 'linux' && MAJOR >= 22 ? describe : describe.skip;
onLinux('a single executable', () => {
  const application = new Installation();
  const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'msal-mi-executable-')));
  const workingFolder = new Installation(join(elsewhere, 'planted'));
  afterAll(() => {
    application.remove();
    rmSync(elsewhere, { recursive: true, force: true });
  });

  beforeAll(() => {
    const tarballs = ['msal-mi-core', 'msal-key-attestation', 'msal-mi-emulator'] as const;
    application.write('package.json', JSON.stringify({ name: 'application', private: true }));
    const msalNode = optionalPeersOf('msal-mi-core').filter((name) => name.startsWith('@azure/msal-node@'));
    expect(NPM.install(application, ...tarballs.map(tarballOf), ...msalNode)).toMatchObject({ status: 0 });
    for (const name of ['msal-key-attestation', '@azure/msal-node']) {
      const folder = join(workingFolder.folder, 'node_modules', name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, main: 'planted.js' }));
      writeFileSync(join(folder, 'planted.js'), PLANTED);
    }
  }, 300_000);

  /** Runs a command of the page in the folder of the executables. */
  function follow(command: string): void {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
    const [first, second] = words;
    const args = first === 'npx' ? [COMMANDS[second!]!, ...words.slice(2)] : words.slice(1);
    const made = new Installation(elsewhere).node(...args);
    expect({ command, status: made.status, stderr: made.status === 0 ? '' : made.stderr }).toEqual({
      command,
      status: 0,
      stderr: '',
    });
  }

  /** Builds one as the page says for this line of Node.js, under names of its own. */
  function executable(name: string, program: string): string {
    const entry = join(application.folder, `${name}.mjs`);
    writeFileSync(entry, program);
    const named = (text: string) =>
      text
        .replaceAll('app.mjs', entry)
        .replaceAll('app.cjs', `${name}.cjs`)
        .replaceAll('app.blob', `${name}.blob`)
        .replaceAll('app.exe', name);
    const [settings, built, injected] = ['disableExperimentalSEAWarning', '--build-sea', 'postject'].map(
      (mark) => PAGE.find(({ text }) => text.includes(mark))!.text,
    );
    const [bundle, build] = built!.trim().split('\n');
    const isBuiltIn = MAJOR >= 26;
    const config = isBuiltIn ? settings! : settings!.replace('app.exe', 'app.blob');
    writeFileSync(join(elsewhere, 'sea.json'), named(config));
    follow(named(bundle!));
    for (const command of isBuiltIn ? [build!] : injected!.trim().split('\n')) follow(named(command));
    chmodSync(join(elsewhere, name), 0o755);
    return join(elsewhere, name);
  }

  function run(file: string) {
    const emulator = join(application.folder, 'node_modules/msal-mi-emulator/bin/msal-mi-emulator.mjs');
    const { stdout, stderr } = workingFolder.run(process.execPath, [emulator, '--', file]);
    const line = stdout.split('\n').find((text) => text.startsWith('{'));
    if (line === undefined) throw new Error(`${stdout}\n${stderr}`);
    return JSON.parse(line) as Record<'bound' | 'bearer', { tokenType?: string; errorCode?: string; message?: string }>;
  }

  it('gets bound and bearer tokens with what it imports', () => {
    const file = executable('whole', readFileSync(join(PROGRAMS, 'bundled.mjs'), 'utf8'));
    const { bound, bearer } = run(file);
    expect([bound, bearer]).toEqual([{ tokenType: 'mtls_pop' }, { tokenType: 'Bearer' }]);
  }, 120_000);

  it('is told what to import where it imports nothing, whatever lies in the working directory', () => {
    const program = readFileSync(join(PROGRAMS, 'bundled.mjs'), 'utf8')
      .replaceAll(/^import '.*$/gm, '')
      .replace('minStrength }', 'minStrength, withAttestationSupport: true }')
      .replace('await provider.probe()', 'undefined');
    const { bound, bearer } = run(executable('bare', program));
    expect(bound).toEqual({
      errorCode: 'attestation_package_missing',
      message: expect.stringContaining('import "msal-key-attestation/register"') as string,
    });
    expect(bearer).toEqual({
      errorCode: 'bearer_requires_msal_node',
      message: expect.stringContaining('import "msal-mi-core/msal-node"') as string,
    });
  }, 120_000);

  it('looks for the native module beside itself on Windows', () => {
    const asWindows = readFileSync(join(PROGRAMS, 'as-windows.cjs'), 'utf8');
    writeFileSync(join(application.folder, 'as-windows.cjs'), asWindows);
    const program = `import './as-windows.cjs';\n${readFileSync(join(PROGRAMS, 'bundled.mjs'), 'utf8')}`;
    const file = executable('windows', program);
    const prebuilds = join(elsewhere, 'prebuilds', 'win32-x64');
    for (const folder of [prebuilds, join(workingFolder.folder, 'prebuilds', 'win32-x64')]) {
      mkdirSync(folder, { recursive: true });
      for (const name of ['msal-mi-core', 'msal-key-attestation']) {
        writeFileSync(join(folder, `${name}.node`), 'not for loading');
      }
    }
    const { bound, lookedFor } = run(file) as unknown as {
      bound: { errorCode: string };
      lookedFor: { asked: string[]; loaded: string[] };
    };
    expect(bound.errorCode).toBe('native_module_load_failed');
    expect(lookedFor.loaded).toContain(join(prebuilds, 'msal-mi-core.node'));
    expect([...lookedFor.asked, ...lookedFor.loaded].filter((path) => !path.startsWith(prebuilds))).toEqual([]);
  }, 120_000);
});
