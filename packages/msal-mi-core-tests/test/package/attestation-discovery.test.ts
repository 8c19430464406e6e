/** msal-mi-core finds msal-key-attestation in every kind of installation, and says how to get it where it is absent. */
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build, type Format } from 'esbuild';
import { Installation } from './support/installation.js';
import { NPM, pnpmWith, yarnWith, type Manager } from './support/managers.js';
import { manifestOf, tarballOf, type PublishedPackage } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const ESM = 'ask-for-attestation.mjs';
const COMMONJS = 'ask-for-attestation.cjs';
const FOUND = 'credential_guard_requires_cng';

const opened: Installation[] = [];
afterAll(() => opened.forEach((application) => application.remove()));

function openApplication(): Installation {
  const application = new Installation();
  opened.push(application);
  application.copy(join(PROGRAMS, ESM));
  application.copy(join(PROGRAMS, COMMONJS));
  return application;
}

/** Puts the tarballs of these packages, and no others of ours, into package.json. */
function declare(application: Installation, ...names: PublishedPackage[]): void {
  const dependencies = Object.fromEntries(names.map((name) => [name, `file:${tarballOf(name)}`]));
  application.write('package.json', JSON.stringify({ name: 'application', private: true, dependencies }));
}

/** What the program prints: how far an attested request came. */
function ask(application: Installation, ...args: string[]): { errorCode: string; remediation: string } {
  const { stdout, stderr } = application.node(...args);
  expect(stdout).not.toBe('');
  expect(stderr.replaceAll(/^.*(ExperimentalWarning|--trace-warnings).*$\n?/gm, '')).toBe('');
  return JSON.parse(stdout) as { errorCode: string; remediation: string };
}

const MANAGERS: Manager[] = [
  NPM,
  pnpmWith('default', 'packages: []\n'),
  pnpmWith('hoist=false', 'packages: []\nhoist: false\n'),
  pnpmWith('global virtual store', 'packages: []\nenableGlobalVirtualStore: true\nci: false\n'),
  yarnWith(),
];

describe.each(MANAGERS)('an application installed with $name', ({ name, files, install, nodeArgs, command }) => {
  const application = openApplication();
  for (const [file, content] of Object.entries(files)) application.write(file, content);
  const installWith = (...names: PublishedPackage[]) => {
    declare(application, ...names);
    const outcome = install(application);
    expect({ ...outcome, stdout: outcome.status === 0 ? '' : outcome.stdout }).toMatchObject({ status: 0, stdout: '' });
  };

  it('F16: is told how to install the package while it is absent', () => {
    installWith('msal-mi-core');
    for (const program of [ESM, COMMONJS]) {
      const { errorCode, remediation } = ask(application, ...nodeArgs, program);
      expect(errorCode).toBe('attestation_package_missing');
      expect(remediation).toContain(`Run: ${command} `);
    }
  }, 120_000);

  it('finds it once it is installed', () => {
    installWith('msal-mi-core', 'msal-key-attestation');
    for (const program of [ESM, COMMONJS]) {
      expect(ask(application, ...nodeArgs, program)).toMatchObject({ errorCode: FOUND });
    }
    const installed = join(application.folder, 'node_modules', 'msal-mi-core');
    if (name === 'Yarn PnP') expect(existsSync(installed)).toBe(false);
    else expect(realpathSync(installed).startsWith(realpathSync(application.folder))).toBe(!name.includes('global'));
  }, 120_000);
});

describe('an application that esbuild bundled', () => {
  const application = openApplication();
  const elsewhere = mkdtempSync(join(tmpdir(), 'msal-mi-bundle-'));
  afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

  beforeAll(() => {
    declare(application, 'msal-mi-core', 'msal-key-attestation');
    expect(application.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']).status).toBe(0);
  }, 120_000);

  /** Bundles the program into one file in a folder that has no node_modules, and runs it there. */
  async function bundleAndAsk(format: Format, imports: string) {
    const entry = join(application.folder, `bundled-${format}.mjs`);
    writeFileSync(entry, `${imports}\nimport './${ESM}';\n`);
    const outfile = join(elsewhere, `${basename(entry, '.mjs')}.${format === 'esm' ? 'mjs' : 'cjs'}`);
    const external = ['@azure/msal-node'];
    const { warnings } = await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      external,
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    return ask(application, outfile);
  }

  it.each(['esm', 'cjs'] as const)('finds it by its registration (%s)', async (format) => {
    const imports = "import 'msal-key-attestation/register';";
    await expect(bundleAndAsk(format, imports)).resolves.toMatchObject({ errorCode: FOUND });
  });

  it.each(['esm', 'cjs'] as const)('is told about the registration while it has none (%s)', async (format) => {
    const { errorCode, remediation } = await bundleAndAsk(format, '');
    expect(errorCode).toBe('attestation_package_missing');
    expect(remediation).toContain('import "msal-key-attestation/register"');
  });
});

describe('msal-key-attestation off Windows', () => {
  const application = openApplication();

  it('installs without a word, alone, and fails only when it is used', () => {
    declare(application, 'msal-mi-core', 'msal-key-attestation');
    const outcome = application.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']);
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    application.write(
      'use.mjs',
      `import provider, { attestationProvider, createAttestationProvider } from 'msal-key-attestation';
       import 'msal-key-attestation/register';
       const key = { providerName: 'p', keyName: 'k', scope: 'user' };
       const request = { endpoint: 'https://maa.example.net', clientId: 'c', cacheKey: 'k', key };
       const { errorCode } = await createAttestationProvider().attest(request).catch((error) => error);
       const { libraryLoadable } = await provider.probe();
       const registered = globalThis[Symbol.for('msal-mi/attestation-provider')];
       console.log(JSON.stringify({ errorCode, libraryLoadable, version: provider.version,
         isOne: provider === attestationProvider && registered === provider }));`,
    );
    application.write(
      'same.cjs',
      `const required = require('msal-key-attestation');
       require('msal-key-attestation/register');
       import('msal-key-attestation').then((imported) =>
         console.log(required.attestationProvider === imported.attestationProvider && required.default === imported.default));`,
    );
    expect(JSON.parse(application.node('use.mjs').stdout)).toEqual({
      errorCode: 'platform_not_supported',
      libraryLoadable: false,
      version: manifestOf('msal-key-attestation').version,
      isOne: true,
    });
    expect(application.node('same.cjs')).toEqual({ status: 0, stdout: 'true\n', stderr: '' });
  }, 120_000);
});
