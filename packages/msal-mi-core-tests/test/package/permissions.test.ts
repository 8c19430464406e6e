/** The permission model of Node.js, and the flag that switches addons off: docs/bundling.md says what is needed. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Installation } from './support/installation.js';
import { NPM } from './support/managers.js';
import { REPOSITORY, tarballOf } from './support/tarballs.js';

const PROGRAMS = join(import.meta.dirname, 'programs');
const PRELOAD = ['--require', './as-windows.cjs'];
const [MAJOR = 0] = process.versions.node.split('.').map(Number);
/** Node.js 20 calls it experimental, and has other flags. */
const describeWithPermissions = MAJOR >= 22 ? describe : describe.skip;
const NETWORK = MAJOR >= 25 ? ['--allow-net'] : [];

interface Report {
  readonly bound: { tokenType?: string; errorCode?: string; message?: string };
}

const application = new Installation();
afterAll(() => application.remove());
const folder = realpathSync(application.folder);
const PERMISSION = ['--permission', `--allow-fs-read=${folder}`];

beforeAll(() => {
  const tarballs = ['msal-mi-core', 'msal-key-attestation', 'msal-mi-emulator'] as const;
  application.write('package.json', JSON.stringify({ name: 'application', private: true }));
  expect(NPM.install(application, ...tarballs.map(tarballOf))).toMatchObject({ status: 0 });
  application.copy(join(PROGRAMS, 'bound.mjs'));
  application.copy(join(PROGRAMS, 'as-windows.cjs'));
  const prebuilds = join(folder, 'node_modules/msal-mi-core/prebuilds/win32-x64');
  mkdirSync(prebuilds, { recursive: true });
  writeFileSync(join(prebuilds, 'msal-mi-core.node'), 'not for loading');
}, 300_000);

/** Runs node with an emulator as its cloud. What the emulator itself may do is not limited. */
function node(...args: string[]) {
  const emulator = join(folder, 'node_modules/msal-mi-emulator/bin/msal-mi-emulator.mjs');
  return application.node(emulator, '--', process.execPath, ...args);
}
const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';
const boundOf = (...args: string[]) => (JSON.parse(lastLine(node(...args).stdout)) as Report).bound;

describeWithPermissions('with the permissions of the documentation', () => {
  it('are those that the page names', () => {
    const page = readFileSync(join(REPOSITORY, 'docs/bundling.md'), 'utf8');
    for (const flag of [...PERMISSION.slice(0, 1), ...NETWORK, '--allow-fs-read', '--allow-addons']) {
      expect(page).toContain(`\`${flag}`);
    }
  });

  it('an application gets a bound token', () => {
    expect(boundOf(...PERMISSION, ...NETWORK, 'bound.mjs')).toEqual({ tokenType: 'mtls_pop' });
  });

  it('doctor looks at everything', () => {
    const { stdout } = node(...PERMISSION, ...NETWORK, 'node_modules/msal-mi-core/bin/msal-mi-core.mjs', 'doctor');
    expect(stdout).toContain('Ready for certificate-bound tokens');
    expect(stdout).not.toMatch(/ERR_ACCESS_DENIED|the check itself failed/);
  });

  it('attestation that is not installed is missing, and not forbidden', () => {
    application.write(
      'attested.mjs',
      `import { ManagedIdentityApplication } from 'msal-mi-core';
       const request = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true, withAttestationSupport: true };
       const { errorCode } = await new ManagedIdentityApplication().acquireToken(request).catch((error) => error);
       console.log(JSON.stringify({ bound: { errorCode } }));`,
    );
    application.uninstall('msal-key-attestation');
    expect(boundOf(...PERMISSION, ...NETWORK, 'attested.mjs')).toEqual({ errorCode: 'attestation_package_missing' });
  });
});

const describeWithNetworkPermission = MAJOR >= 25 ? describe : describe.skip;
describeWithNetworkPermission('without --allow-net', () => {
  it('a token request ends at once, with the flag in its error', () => {
    expect(boundOf(...PERMISSION, 'bound.mjs')).toEqual({
      errorCode: 'managed_identity_request_failed',
      message: expect.stringMatching(/--allow-net/) as string,
    });
  });

  it('doctor names the flag', () => {
    const { stdout } = node(...PERMISSION, 'node_modules/msal-mi-core/bin/msal-mi-core.mjs', 'doctor');
    expect(stdout).toMatch(/fix: .*--allow-net/);
  });
});

describe('on Windows, where addons may not be loaded', () => {
  const refused = (flag: string) => ({
    errorCode: 'native_module_load_failed',
    message: expect.stringContaining(flag) as string,
  });

  it('--no-addons is named', () => {
    expect(boundOf('--no-addons', ...PRELOAD, 'bound.mjs')).toEqual(refused('--no-addons'));
  });

  it('NODE_OPTIONS may have said it', () => {
    const launch = `
      const { spawnSync } = require('node:child_process');
      const env = { ...process.env, NODE_OPTIONS: '--no-addons' };
      const args = ${JSON.stringify([...PRELOAD, 'bound.mjs'])};
      process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status;`;
    expect(boundOf('-e', launch)).toEqual(refused('--no-addons'));
  });

  const itWithPermissions = MAJOR >= 22 ? it : it.skip;
  itWithPermissions('--allow-addons is named', () => {
    expect(boundOf(...PERMISSION, ...NETWORK, ...PRELOAD, 'bound.mjs')).toEqual(refused('--allow-addons'));
  });
});
