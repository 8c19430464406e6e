import { join } from 'node:path';
import { Installation, type Outcome } from './support/installation.js';
import { NPM, pnpmWith, yarnWith, type Manager } from './support/managers.js';
import { PUBLISHED, entryPointsOf, optionalPeersOf, tarballOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const ENTRY_POINTS = PUBLISHED.flatMap(entryPointsOf);
/** Loaded on first use, never by an import of msal-mi-core. */
const LOADED_ON_USE = ['pkijs', 'asn1js', 'msal-key-attestation'];
/** The same of its own folders: what is needed to acquire a token, and not to say what is wrong with a configuration. */
const FLOW = ['binding', 'crypto', 'diagnostics', 'platform', 'request', 'time', 'token', 'transport'];

const PNPM = pnpmWith('default', 'packages: []\n');
const MATRIX: Array<{ manager: Manager; how: string; options: string[] }> = [
  { manager: NPM, how: 'as it is', options: [] },
  { manager: NPM, how: 'with --ignore-scripts', options: ['--ignore-scripts'] },
  { manager: PNPM, how: 'as it is', options: [] },
  { manager: PNPM, how: 'with --ignore-scripts', options: ['--ignore-scripts'] },
  { manager: yarnWith('enableScripts: true\n'), how: 'with enableScripts', options: [] },
  { manager: yarnWith('enableScripts: false\n'), how: 'without enableScripts', options: [] },
];
/** Progress, what was fetched, what was added; and that its loader for ES modules is experimental. */
const YARN_PROGRESS = ['YN0000', 'YN0013', 'YN0085', 'YN0092'];
const YARN_ABOUT_ITSELF = /YN0092: [^]*Done with warnings/;

/** Those that need no package of others: what an application has that installs our packages alone. */
const WITHOUT_PEERS = ENTRY_POINTS.filter((name) => !/\/(azure|otel|resource-server)$/.test(name));

const applications: Installation[] = [];
const opened = (): Installation => {
  const application = new Installation();
  applications.push(application);
  return application;
};
afterAll(() => applications.forEach((application) => application.remove()));

/** The application that the rest of this file goes on with. */
let installedWithNpm: Installation;

describe.each(MATRIX)('the published packages, installed with $manager.name, $how', ({ manager, how, options }) => {
  const application = opened();
  let outcome: Outcome;

  beforeAll(() => {
    for (const [file, content] of Object.entries(manager.files)) application.write(file, content);
    const dependencies = Object.fromEntries(PUBLISHED.map((name) => [name, `file:${tarballOf(name)}`]));
    application.write('package.json', JSON.stringify({ name: 'application', private: true, dependencies }));
    for (const program of ['names.mjs', 'shared-state.mjs']) application.copy(join(PROGRAMS, program));
    const startedAtMs = performance.now();
    outcome = manager.install(application, ...options);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    process.stdout.write(`install matrix: ${manager.name}, ${how}: exit code ${outcome.status}, ${seconds} s\n`);
    if (manager === NPM && options.length === 0) installedWithNpm = application;
  }, 120_000);

  it('run no script and cause no warning', () => {
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout.replace(YARN_ABOUT_ITSELF, '')).not.toMatch(/warn|deprecated|ignored|script|gyp/i);
    const codes = outcome.stdout.match(/YN\d{4}/g) ?? [];
    expect(codes.filter((code) => !YARN_PROGRESS.includes(code))).toEqual([]);
  });

  it('can be imported and required', () => {
    const { status, stdout, stderr } = application.node(...manager.nodeArgs, 'names.mjs', ...WITHOUT_PEERS);
    expect({ status, stderr: withoutLoaderWarning(stderr) }).toEqual({ status: 0, stderr: '' });
    const names = JSON.parse(stdout) as Record<string, { imported: string[]; required: string[] }>;
    expect(Object.keys(names)).toEqual(WITHOUT_PEERS);
    for (const { imported, required } of Object.values(names)) expect(imported).toEqual(required);
  });

  it('share tokens, bindings and errors between the ESM and the CommonJS build', () => {
    const { status, stdout, stderr } = application.node(...manager.nodeArgs, 'shared-state.mjs');
    expect({ status, stdout, stderr: withoutLoaderWarning(stderr) }).toEqual({
      status: 0,
      stdout: 'shared\n',
      stderr: '',
    });
  });
});

/** Yarn's loader for ES modules is experimental to Node.js. */
const withoutLoaderWarning = (stderr: string) =>
  stderr.replaceAll(/^.*(ExperimentalWarning|--trace-warnings|--import).*$\n?/gm, '');

describe('the entry points', () => {
  let application: Installation;

  beforeAll(() => {
    application = installedWithNpm;
    application.copy(join(PROGRAMS, 'names.mjs'));
    // Subpaths use optional peers, which an application that wants a subpath installs.
    const peers = optionalPeersOf('msal-mi-core');
    if (peers.length > 0) expect(application.run('npm', ['install', '--prefer-offline', ...peers]).status).toBe(0);
  }, 120_000);

  it('have the same names in import and require', () => {
    const { status, stdout, stderr } = application.node('names.mjs', ...ENTRY_POINTS);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const names = JSON.parse(stdout) as Record<string, { imported: string[]; required: string[] }>;
    expect(Object.keys(names)).toEqual(ENTRY_POINTS);
    for (const { imported, required } of Object.values(names)) expect(imported).toEqual(required);
    expect(names['msal-mi-core']?.imported).toContain('ManagedIdentityApplication');
  });
});

// Last, because it takes packages away.
describe('importing msal-mi-core', () => {
  let application: Installation;

  beforeAll(() => {
    application = installedWithNpm;
    for (const name of LOADED_ON_USE) application.uninstall(name);
    for (const folder of FLOW) application.uninstallFolder('msal-mi-core', folder);
    application.copy(join(PROGRAMS, 'refuse-native-code.cjs'));
    application.copy(join(PROGRAMS, 'refuse-network.cjs'));
    application.write('import.mjs', "await import('msal-mi-core'); console.log('imported');");
    application.write('require.cjs', "require('msal-mi-core'); console.log('imported');");
  });

  it.each(['import.mjs', 'require.cjs'])('loads neither pkijs nor native code: %s', (program) => {
    const outcome = application.node('--require', './refuse-native-code.cjs', program);
    expect(outcome).toEqual({ status: 0, stdout: 'imported\n', stderr: '' });
  });

  it.each(['import.mjs', 'require.cjs'])(
    'loads nothing of the flow, and neither TLS nor cryptography: %s',
    (program) => {
      const outcome = application.node('--require', './refuse-network.cjs', program);
      expect(outcome).toEqual({ status: 0, stdout: 'imported\n', stderr: '' });
    },
  );

  it('is tried where loading them would fail', () => {
    application.write('network.mjs', "import 'node:https';");
    expect(application.node('--require', './refuse-network.cjs', 'network.mjs').stderr).toMatch(
      'loaded: https, tls, crypto',
    );
    const acquire = "new ManagedIdentityApplication().acquireToken({ resource: 'https://vault.azure.net' });";
    application.write('use.mjs', `import { ManagedIdentityApplication } from 'msal-mi-core'; await ${acquire}`);
    application.write('use.cjs', `const { ManagedIdentityApplication } = require('msal-mi-core'); ${acquire}`);
    expect(application.node('use.mjs').stderr).toMatch('ERR_MODULE_NOT_FOUND');
    expect(application.node('use.cjs').stderr).toMatch('MODULE_NOT_FOUND');

    application.write('addon.node', '');
    application.write('addon.cjs', "require('./addon.node');");
    const outcome = application.node('--require', './refuse-native-code.cjs', 'addon.cjs');
    expect(outcome.stderr).toMatch('native code was loaded');
    for (const name of LOADED_ON_USE) {
      application.write('missing.mjs', `await import('${name}');`);
      expect(application.node('missing.mjs').stderr).toMatch(`Cannot find package '${name}'`);
    }
  });
});
