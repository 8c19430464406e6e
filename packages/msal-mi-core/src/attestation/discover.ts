/** Where attestation providers come from: injected, else registered, else the package `msal-key-attestation`. */
import { isMsalMiError, MsiV2Error } from '../errors.js';
import { importByName } from '../host-platform.js';
import type { AttestationProvider, ManagedIdentityCapabilities } from '../public-types.js';
import { readMembers } from '../options/options.js';
import { installCommand } from './install-command.js';

const PACKAGE_NAME = 'msal-key-attestation';
/** Where `msal-key-attestation/register` leaves its provider. */
const REGISTRATION = Symbol.for('msal-mi/attestation-provider');
const CONTRACT_VERSION = 1;
const CONTRACT = ['contractVersion', 'attest', 'probe'] as const;

/** Loads the package. Replaced in tests only. */
export type ImportPackage = () => Promise<unknown>;
const importPackage: ImportPackage = () => importByName(PACKAGE_NAME);

/**
 * Finds the attestation provider, without network I/O.
 *
 * @param explicit - The provider of the configuration; nothing else is looked at when there is one.
 * @throws MsiV2Error `attestation_package_missing` when there is none, with the install command;
 *   `attestation_package_unusable` when there is one that cannot be loaded or does not keep to the contract.
 */
export async function discoverAttestationProvider(
  explicit: AttestationProvider | undefined,
): Promise<AttestationProvider> {
  return findProvider(explicit, importPackage);
}

/** What {@link ManagedIdentityCapabilities} says about attestation. Attests nothing and never throws. */
export async function probeAttestation(
  explicit: AttestationProvider | undefined,
): Promise<ManagedIdentityCapabilities['attestation']> {
  return probeProvider(() => findProvider(explicit, importPackage));
}

/** {@link discoverAttestationProvider} with the way to load the package as a parameter. */
export async function findProvider(
  explicit: AttestationProvider | undefined,
  load: ImportPackage,
): Promise<AttestationProvider> {
  if (explicit !== undefined) return checked(explicit, 'configuration.attestationProvider');
  const registered = (globalThis as { [REGISTRATION]?: unknown })[REGISTRATION];
  if (registered !== undefined) return checked(registered, 'The registered attestation provider');
  let loaded: unknown;
  try {
    loaded = await load();
  } catch (error) {
    throw isPackageMissing(error) ? packageMissing(error) : packageBroken(error);
  }
  return checked((loaded as { attestationProvider?: unknown }).attestationProvider, `The provider of ${PACKAGE_NAME}`);
}

/** {@link probeAttestation} with the search as a parameter. */
export async function probeProvider(
  find: () => Promise<AttestationProvider>,
): Promise<ManagedIdentityCapabilities['attestation']> {
  let provider: AttestationProvider;
  try {
    provider = await find();
  } catch (error) {
    const isMissing = isMsalMiError(error) && error.errorCode === 'attestation_package_missing';
    return { packageInstalled: !isMissing, libraryLoadable: false };
  }
  let version: string | undefined;
  let libraryLoadable = false;
  try {
    ({ version } = provider);
    libraryLoadable = (await provider.probe()).libraryLoadable;
  } catch {
    // A probe of somebody else's: it says nothing good of the library, whatever it throws.
  }
  return { packageInstalled: true, libraryLoadable, ...(version !== undefined && { version }) };
}

function checked(candidate: unknown, origin: string): AttestationProvider {
  if (typeof candidate !== 'object' || candidate === null) {
    throw unusable(`${origin} is not an object.`);
  }
  const { contractVersion, attest, probe } = readMembers(candidate, CONTRACT, unusable);
  if (contractVersion !== CONTRACT_VERSION) {
    const found = typeof contractVersion === 'number' ? String(contractVersion) : 'none';
    throw unusable(`${origin} has contract version ${found}; this msal-mi-core needs ${CONTRACT_VERSION}.`);
  }
  if (typeof attest !== 'function' || typeof probe !== 'function') {
    throw unusable(`${origin} lacks the method ${typeof attest === 'function' ? 'probe' : 'attest'}.`);
  }
  return candidate as AttestationProvider;
}

/** True when the package itself was not found; false when something it needs was not, or it failed to start. */
function isPackageMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, pnpCode } = error as { code?: unknown; pnpCode?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false;
  // Yarn's resolver words it in its own way, once for itself and once through Node's ESM loader.
  if (pnpCode === 'UNDECLARED_DEPENDENCY' || pnpCode === 'MISSING_PEER_DEPENDENCY') return true;
  return (
    new RegExp(`^Cannot find (?:package|module) '${PACKAGE_NAME}'`).test(error.message) ||
    error.message.includes(`tried to access ${PACKAGE_NAME}`)
  );
}

function packageMissing(cause: unknown): MsiV2Error {
  return new MsiV2Error('attestation_package_missing', {
    stage: 'attestation',
    message: `Attestation was asked for and the package ${PACKAGE_NAME} is not installed.`,
    remediation: `Run: ${installCommand(PACKAGE_NAME)} (bundled applications also import "${PACKAGE_NAME}/register").`,
    cause,
  });
}

function packageBroken(cause: unknown): MsiV2Error {
  const reason =
    cause instanceof Error
      ? cause.message.split('\n', 1)[0]?.replace(/\.$/, '')
      : 'it threw something that is not an error';
  return new MsiV2Error('attestation_package_unusable', {
    stage: 'attestation',
    message: `The package ${PACKAGE_NAME} is there and cannot be loaded: ${reason ?? ''}.`,
    remediation: `Install it again: ${installCommand(PACKAGE_NAME)}; bundled applications import "${PACKAGE_NAME}/register".`,
    cause,
  });
}

function unusable(message: string): MsiV2Error {
  return new MsiV2Error('attestation_package_unusable', { stage: 'attestation', message });
}
