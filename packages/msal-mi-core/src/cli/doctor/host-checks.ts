/** Checks of this process, its operating system and its key store. */
import { probeAttestation, discoverAttestationProvider } from '../../attestation/discover.js';
import { isMsalMiError } from '../../errors.js';
import type { HostEnvironment } from '../../model.js';
import type { Platform } from '../../ports.js';
import { environmentSource } from '../../source/select-source.js';
import { MtlsBindingStrength } from '../../types.js';
import { fail, pass, skip, warn, type Check, type Finding } from './check.js';

const SUPPORTED_ARCHITECTURES = ['x64', 'arm64'];
const EMULATOR_HINT = 'For development use msal-mi-emulator, and pass minStrength: MtlsBindingStrength.Software.';

export interface HostFacts {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly nodeVersion: string;
  readonly environment: HostEnvironment;
  readonly keys: Platform;
}

export function hostChecks(host: HostFacts): Check[] {
  return [
    { id: 'runtime', title: 'Node.js', run: () => checkRuntime(host) },
    { id: 'operating-system', title: 'Operating system', run: () => checkOperatingSystem(host) },
    { id: 'source', title: 'Hosting environment', run: () => checkSource(host) },
    { id: 'key', title: 'Key', run: () => checkKey(host) },
    { id: 'attestation-package', title: 'Attestation package', run: checkAttestationPackage },
    { id: 'attestation-library', title: 'Attestation library', run: () => checkAttestationLibrary(host) },
  ];
}

function checkRuntime({ nodeVersion, arch }: HostFacts): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!isSupported) return fail(`version ${nodeVersion}`, 'Use Node.js 20.19 or later, 22.12 or later, or 24.');
  return pass(`version ${nodeVersion}, ${arch}`);
}

function checkOperatingSystem({ platform, arch }: HostFacts): Finding {
  if (platform !== 'win32') {
    return warn(`${platform} has no KeyGuard; keys are software keys here`, EMULATOR_HINT);
  }
  return SUPPORTED_ARCHITECTURES.includes(arch)
    ? pass(`Windows ${arch}`)
    : fail(`Windows ${arch} is not supported`, 'Run Node.js for x64 or arm64.');
}

function checkSource({ environment }: HostFacts): Finding {
  const source = environmentSource(environment);
  return source === undefined
    ? pass('nothing selects another token source than IMDS')
    : fail(
        `environment variables or an agent select ${source}, which has no certificate-bound tokens`,
        'Run on an Azure VM or scale set, or remove the variables if they are left over.',
      );
}

async function checkKey({ keys, platform }: HostFacts): Promise<Finding> {
  try {
    const strength = await keys.keyStore.strongest();
    if (strength >= MtlsBindingStrength.KeyGuard) return pass('KeyGuard keys are available (nothing was created)');
    return platform === 'win32'
      ? warn(
          'virtualization-based security is off, so keys are software keys',
          'Use a trusted launch or confidential VM with VBS enabled, or pass minStrength: MtlsBindingStrength.Software.',
        )
      : skip('software keys in memory');
  } catch (error) {
    return fromError(error);
  }
}

async function checkAttestationPackage(): Promise<Finding> {
  try {
    const { name, version } = await discoverAttestationProvider(undefined);
    return pass(`${name} ${version}`);
  } catch (error) {
    const finding = fromError(error);
    const isMissing = isMsalMiError(error) && error.errorCode === 'attestation_package_missing';
    return isMissing ? warn('msal-key-attestation is not installed', finding.fix) : finding;
  }
}

async function checkAttestationLibrary({ platform }: HostFacts): Promise<Finding> {
  const { packageInstalled } = await probeAttestation(undefined);
  if (!packageInstalled) return skip('needs the attestation package');
  if (platform !== 'win32') return skip('the library exists for Windows only');
  const provider = await discoverAttestationProvider(undefined);
  const { libraryLoadable, libraryPath, detail } = await provider.probe();
  return libraryLoadable
    ? pass([libraryPath, detail].filter((part) => part !== undefined && part !== '').join('; ') || 'loadable')
    : warn(
        detail ?? 'AttestationClientLib.dll cannot be loaded',
        'See the README of msal-key-attestation for how to get the library. Only withAttestationSupport needs it.',
      );
}

/** A failure that this library explains. */
export function fromError(error: unknown): Finding {
  if (isMsalMiError(error)) {
    const facts = [
      error.errorCode,
      error.win32 && `${error.win32.api} 0x${error.win32.code.toString(16)}`,
      error.httpStatus !== undefined && `HTTP ${error.httpStatus}`,
      error.aadstsCode && `AADSTS${error.aadstsCode}`,
    ].filter(Boolean);
    return fail(`${error.errorMessage} (${facts.join(', ')})`, error.remediation ?? '');
  }
  return fail(error instanceof Error ? error.name : 'unknown failure', 'Report this: the check itself failed.');
}
