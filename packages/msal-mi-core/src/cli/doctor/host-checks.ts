/** Checks of this process, its operating system and its key store. */
import { discoverAttestationProvider } from '../../attestation/discover.js';
import { isMsalMiError } from '../../errors.js';
import type { HostEnvironment } from '../../model.js';
import type { Platform } from '../../ports.js';
import { environmentSource } from '../../source/select-source.js';
import type { AttestationProvider } from '../../public-types.js';
import { MtlsBindingStrength } from '../../public-types/constants.js';
import { fail, pass, skip, warn, type Check, type Finding } from './check.js';
import { fromError } from './from-error.js';
import type { Seen } from './seen.js';

const SUPPORTED_ARCHITECTURES = ['x64', 'arm64'];
const SOFTWARE_KEYS = 'accept software keys: minStrength: MtlsBindingStrength.Software, here --min-strength Software';
const WINDOWS_ONLY = 'for KeyGuard keys, which exist on Windows only';

export interface HostFacts {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly release: string;
  readonly nodeVersion: string;
  readonly nodeApiVersion: string;
  readonly environment: HostEnvironment;
  readonly keys: Platform;
  readonly minStrength: MtlsBindingStrength;
  /** Throws where the addon of this package is missing or does not load. */
  readonly loadNativeModule: () => unknown;
}

export function hostChecks(host: HostFacts, seen: Seen): Check[] {
  return [
    { id: 'runtime', title: 'Node.js', run: () => checkRuntime(host) },
    { id: 'operating-system', title: 'Operating system', run: () => checkOperatingSystem(host) },
    { id: 'source', title: 'Hosting environment', run: () => checkSource(host) },
    { id: 'native-module', title: 'Native module', run: () => checkNativeModule(host, seen) },
    { id: 'key', title: 'Key', run: () => checkKey(host, seen) },
    { id: 'attestation-package', title: 'Attestation package', run: () => checkAttestationPackage(host, seen) },
    { id: 'attestation-library', title: 'Attestation library', run: () => checkAttestationLibrary(host, seen) },
  ];
}

function checkRuntime({ nodeVersion, nodeApiVersion, arch }: HostFacts): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  if (!isSupported) return fail(`version ${nodeVersion}`, 'Use Node.js 20.19 or later, 22.12 or later, or 24.');
  return pass(`version ${nodeVersion}, ${arch}, Node-API ${nodeApiVersion}`);
}

function checkOperatingSystem({ platform, arch, release, minStrength }: HostFacts): Finding {
  if (platform === 'win32') {
    return SUPPORTED_ARCHITECTURES.includes(arch)
      ? pass(`Windows ${release}, ${arch}`)
      : fail(`Windows ${arch} is not supported`, 'Run Node.js for x64 or arm64.');
  }
  return minStrength >= MtlsBindingStrength.KeyGuard
    ? fail(`${platform} has no KeyGuard keys`, `Use a Windows VM, or ${SOFTWARE_KEYS}.`)
    : warn(
        `${platform} has no KeyGuard keys; software keys are accepted`,
        'Right for development. The application has to say so too: minStrength: MtlsBindingStrength.Software.',
      );
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

function checkNativeModule({ platform, arch, loadNativeModule }: HostFacts, seen: Seen): Finding {
  if (platform !== 'win32') return skip(WINDOWS_ONLY);
  try {
    loadNativeModule();
    seen.isNativeModuleLoaded = true;
    return pass(`the one for ${platform}-${arch} is there and loads`);
  } catch (error) {
    return fromError(error);
  }
}

async function checkKey({ keys, platform, minStrength }: HostFacts, seen: Seen): Promise<Finding> {
  if (platform === 'win32' && seen.isNativeModuleLoaded !== true) return skip('needs the native module');
  let strength: MtlsBindingStrength;
  try {
    strength = await keys.keyStore.strongest();
  } catch (error) {
    return fromError(error);
  }
  if (strength >= minStrength) seen.keyStrength = strength;
  if (strength >= MtlsBindingStrength.KeyGuard) return pass('KeyGuard keys are available (none was made)');
  if (platform !== 'win32') return skip('software keys in memory');
  const evidence = 'no KeyGuard keys: virtualization-based security (VBS) does not run';
  return minStrength >= MtlsBindingStrength.KeyGuard
    ? fail(
        evidence,
        `Use a trusted launch or confidential VM and turn VBS on (msinfo32 shows whether it runs), or ${SOFTWARE_KEYS}.`,
      )
    : warn(evidence, 'The application has to accept that: minStrength: MtlsBindingStrength.Software.');
}

async function checkAttestationPackage({ platform }: HostFacts, seen: Seen): Promise<Finding> {
  if (platform !== 'win32') return skip(WINDOWS_ONLY);
  let provider: AttestationProvider;
  try {
    provider = await discoverAttestationProvider(undefined);
  } catch (error) {
    const finding = fromError(error);
    const isMissing = isMsalMiError(error) && error.errorCode === 'attestation_package_missing';
    return isMissing
      ? warn('msal-key-attestation is not installed; IMDS of Azure asks for attested keys', finding.fix)
      : finding;
  }
  seen.attestation = { provider, isLibraryUsable: false };
  return pass(`${provider.name} ${provider.version}`);
}

async function checkAttestationLibrary({ minStrength }: HostFacts, seen: Seen): Promise<Finding> {
  if (seen.attestation === undefined) return skip('needs the attestation package');
  const { libraryLoadable, libraryPath, detail, remediation } = await seen.attestation.provider.probe();
  if (libraryLoadable) {
    seen.attestation.isLibraryUsable = true;
    const evidence = [libraryPath, detail].filter((part) => part !== undefined && part !== '').join('; ') || 'loadable';
    return remediation === undefined ? pass(evidence) : warn(evidence, remediation);
  }
  const evidence = detail ?? 'AttestationClientLib.dll cannot be loaded';
  const fix = remediation ?? 'See the README of msal-key-attestation for how to get the library.';
  return minStrength >= MtlsBindingStrength.KeyGuard ? fail(evidence, fix) : warn(evidence, fix);
}
