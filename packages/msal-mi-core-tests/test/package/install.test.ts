import { join } from 'node:path';
import { Installation, type Outcome } from './support/installation.js';
import { PUBLISHED, entryPointsOf, optionalPeersOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const ENTRY_POINTS = PUBLISHED.flatMap(entryPointsOf);
/** Loaded on first use, never by an import of msal-mi-core. */
const LOADED_ON_USE = ['pkijs', 'asn1js', 'msal-key-attestation'];
/** The same of its own folders: what is needed to acquire a token, and not to say what is wrong with a configuration. */
const FLOW = ['binding', 'crypto', 'diagnostics', 'platform', 'request', 'time', 'token', 'transport'];

const applications = { npm: new Installation(), pnpm: new Installation() };
afterAll(() => Object.values(applications).forEach((application) => application.remove()));

describe.each(['npm', 'pnpm'] as const)('the published packages, installed with %s', (manager) => {
  const application = applications[manager];
  let outcome: Outcome;

  beforeAll(() => {
    outcome = application.install(manager);
    application.copy(join(PROGRAMS, 'shared-state.mjs'));
  }, 120_000);

  it('run no script and cause no warning', () => {
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    expect(outcome.stdout).not.toMatch(/warn|deprecated|ignored|script|gyp/i);
  });

  it('share tokens, bindings and errors between the ESM and the CommonJS build', () => {
    expect(application.node('shared-state.mjs')).toEqual({ status: 0, stdout: 'shared\n', stderr: '' });
  });
});

describe('the entry points', () => {
  const application = applications.npm;

  beforeAll(() => {
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
  const application = applications.npm;

  beforeAll(() => {
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
    expect(application.node('--require', './refuse-network.cjs', 'network.mjs').stderr).toMatch('loaded: https, tls, crypto');
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
