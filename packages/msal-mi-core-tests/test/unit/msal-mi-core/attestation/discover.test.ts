import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  discoverAttestationProvider,
  findProvider,
  probeAttestation,
  probeProvider,
} from 'core/attestation/discover.js';
import { installCommand } from 'core/attestation/install-command.js';
import { isMsalMiError, MsiV2Error } from 'core/errors.js';
import type { AttestationProvider } from 'core/public-types.js';

const REGISTRATION = Symbol.for('msal-mi/attestation-provider');
const registry = globalThis as { [REGISTRATION]?: unknown };

const provider = (name: string): AttestationProvider => ({
  contractVersion: 1,
  name,
  version: '9.8.7',
  probe: () => Promise.resolve({ libraryLoadable: true }),
  attest: () => Promise.reject(new Error('not part of these tests')),
});
const neverLoaded = () => Promise.reject(new Error('the package must not be looked at'));
const nodeError = (message: string, code: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

afterEach(() => {
  Reflect.deleteProperty(registry, REGISTRATION);
});

describe('where the attestation provider comes from', () => {
  it('is the configuration when it names one, whatever is registered or installed', async () => {
    registry[REGISTRATION] = provider('registered');
    await expect(findProvider(provider('explicit'), neverLoaded)).resolves.toMatchObject({ name: 'explicit' });
  });

  it('is the registered one before the package is looked at', async () => {
    registry[REGISTRATION] = provider('registered');
    await expect(findProvider(undefined, neverLoaded)).resolves.toMatchObject({ name: 'registered' });
  });

  it('is the package when nothing else is given', async () => {
    const load = () => Promise.resolve({ attestationProvider: provider('package') });
    await expect(findProvider(undefined, load)).resolves.toMatchObject({ name: 'package' });
  });
});

describe('a package that is missing', () => {
  it.each([
    ['ESM', nodeError("Cannot find package 'msal-key-attestation' imported from /app/x.js", 'ERR_MODULE_NOT_FOUND')],
    [
      'CommonJS',
      nodeError("Cannot find module 'msal-key-attestation'\nRequire stack:\n- /app/x.js", 'MODULE_NOT_FOUND'),
    ],
    ['Yarn PnP', nodeError('any wording', 'MODULE_NOT_FOUND', { pnpCode: 'MISSING_PEER_DEPENDENCY' })],
    [
      'Yarn PnP, ESM',
      nodeError('msal-mi-core tried to access msal-key-attestation (a peer dependency)', 'ERR_MODULE_NOT_FOUND'),
    ],
  ])('is reported as missing, with the command that installs it (%s)', async (_loader, failure) => {
    const found = findProvider(undefined, () => Promise.reject(failure));
    await expect(found).rejects.toBeInstanceOf(MsiV2Error);
    await expect(found).rejects.toMatchObject({
      errorCode: 'attestation_package_missing',
      stage: 'attestation',
      retryable: false,
      remediation: expect.stringMatching(/^Run: (npm install|(pnpm|yarn|bun) add) msal-key-attestation /) as string,
    });
  });
});

describe('a package that is there and broken', () => {
  it.each([
    [
      'a module it needs',
      nodeError(
        "Cannot find package 'other' imported from /m/msal-key-attestation/dist/index.js",
        'ERR_MODULE_NOT_FOUND',
      ),
    ],
    [
      'a file of its own',
      nodeError("Cannot find module '/m/node_modules/msal-key-attestation/dist/index.js'", 'ERR_MODULE_NOT_FOUND'),
    ],
    ['an exception at start', new TypeError('boom at start')],
    ['an entry point that is not exported', nodeError('No "exports" main defined', 'ERR_PACKAGE_PATH_NOT_EXPORTED')],
  ])('is reported as unusable and names the cause: %s', async (_what, failure) => {
    const error: unknown = await findProvider(undefined, () => Promise.reject(failure)).catch((e: unknown) => e);
    expect(isMsalMiError(error)).toBe(true);
    expect(error).toMatchObject({ errorCode: 'attestation_package_unusable', stage: 'attestation', cause: failure });
    expect((error as Error).message).toContain(failure.message);
  });

  it.each([
    ['no export of that name', {}],
    ['null', { attestationProvider: null }],
    ['a function', { attestationProvider: () => provider('x') }],
  ])('is unusable when it exports %s', async (_what, loaded) => {
    await expect(findProvider(undefined, () => Promise.resolve(loaded))).rejects.toMatchObject({
      errorCode: 'attestation_package_unusable',
    });
  });
});

describe('a provider that does not keep to the contract', () => {
  const withContractVersion = (contractVersion: unknown) =>
    ({ ...provider('later'), contractVersion }) as unknown as AttestationProvider;

  it.each([2, '1', undefined])('is refused with its contract version, wherever it came from (%p)', async (version) => {
    const refusal = {
      errorCode: 'attestation_package_unusable',
      stage: 'attestation',
      errorMessage: expect.stringContaining(
        `contract version ${typeof version === 'number' ? version : 'none'}`,
      ) as string,
    };
    const other = withContractVersion(version);
    await expect(discoverAttestationProvider(other)).rejects.toMatchObject(refusal);
    await expect(findProvider(undefined, () => Promise.resolve({ attestationProvider: other }))).rejects.toMatchObject(
      refusal,
    );
    registry[REGISTRATION] = other;
    await expect(findProvider(undefined, neverLoaded)).rejects.toMatchObject(refusal);
  });

  it.each(['attest', 'probe'] as const)('is refused when it lacks %s', async (method) => {
    const crippled = { ...provider('crippled'), [method]: undefined };
    await expect(discoverAttestationProvider(crippled)).rejects.toMatchObject({
      errorCode: 'attestation_package_unusable',
      errorMessage: expect.stringContaining(method) as string,
    });
  });

  it('is refused when something else occupies the registration', async () => {
    registry[REGISTRATION] = 'taken';
    await expect(findProvider(undefined, neverLoaded)).rejects.toMatchObject({
      errorCode: 'attestation_package_unusable',
    });
  });
});

describe('what a capability query says about attestation', () => {
  it('names the version and whether the library can be loaded', async () => {
    await expect(probeAttestation(provider('explicit'))).resolves.toEqual({
      packageInstalled: true,
      libraryLoadable: true,
      version: '9.8.7',
    });
  });

  it('says not installed when the package is missing', async () => {
    const missing = nodeError("Cannot find package 'msal-key-attestation' imported from /x", 'ERR_MODULE_NOT_FOUND');
    const found = probeProvider(() => findProvider(undefined, () => Promise.reject(missing)));
    await expect(found).resolves.toEqual({ packageInstalled: false, libraryLoadable: false });
  });

  it('says installed and not loadable when the package is broken or its probe fails', async () => {
    const broken = probeProvider(() => findProvider(undefined, () => Promise.reject(new TypeError('boom'))));
    await expect(broken).resolves.toEqual({ packageInstalled: true, libraryLoadable: false });
    const failing = { ...provider('failing'), probe: () => Promise.reject(new Error('boom')) };
    await expect(probeAttestation(failing)).resolves.toEqual({
      packageInstalled: true,
      libraryLoadable: false,
      version: '9.8.7',
    });
  });
});

describe('the install command', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'install-command-'))));
  afterEach(() => rmSync(root, { recursive: true }));
  const touch = (file: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  };

  it.each([
    ['node_modules/.modules.yaml', 'pnpm add it'],
    ['node_modules/.yarn-state.yml', 'yarn add it'],
    ['node_modules/.yarn-integrity', 'yarn add it'],
    ['node_modules/.package-lock.json', 'npm install it'],
    ['pnpm-lock.yaml', 'pnpm add it'],
    ['.pnp.cjs', 'yarn add it'],
    ['yarn.lock', 'yarn add it'],
    ['bun.lock', 'bun add it'],
    ['package-lock.json', 'npm install it'],
  ])('follows %s above the main script', (marker, command) => {
    touch(marker);
    expect(installCommand('it', join(root, 'packages', 'app', 'main.js'))).toBe(command);
  });

  it('believes what an installer left in node_modules more than a lock file beside it', () => {
    touch('package-lock.json');
    touch('node_modules/.modules.yaml');
    expect(installCommand('it', join(root, 'main.js'))).toBe('pnpm add it');
  });

  it('believes the nearest folder', () => {
    touch('yarn.lock');
    touch('app/package-lock.json');
    expect(installCommand('it', join(root, 'app', 'main.js'))).toBe('npm install it');
  });

  it('is the one of npm when nothing tells', () => {
    expect(installCommand('it', join(root, 'main.js'))).toBe('npm install it');
    expect(installCommand('it', undefined)).toMatch(/ it$/);
  });
});
