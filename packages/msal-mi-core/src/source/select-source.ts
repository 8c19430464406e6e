/** Which source serves this host (D4), as far as it is known without asking: probes nothing. */
import { fileExists, hostPlatform } from '../host-platform.js';
import type { DiscoveredSource, Finding } from '../cache/shared-state.js';
import type { HostEnvironment } from '../model.js';
import { ManagedIdentitySourceNames } from '../public-types/constants.js';

/** How long a finding is believed (D4): the metadata service may come up, be updated or recover. */
const BELIEVED_FOR_MS: Readonly<Record<Finding, number>> = {
  'version-2': 3_600_000,
  'version-1-only': 60_000,
  nothing: 30_000,
  'not-known': 30_000,
};

/** The source that the environment names, or undefined where only IMDS can be asked. */
export function environmentSource(env: HostEnvironment, exists = fileExists): ManagedIdentitySourceNames | undefined {
  const { identityEndpoint, identityHeader, identityServerThumbprint, msiEndpoint, msiSecret, imdsEndpoint } = env;
  if (identityEndpoint !== undefined && identityHeader !== undefined) {
    return identityServerThumbprint !== undefined
      ? ManagedIdentitySourceNames.SERVICE_FABRIC
      : ManagedIdentitySourceNames.APP_SERVICE;
  }
  if (msiEndpoint !== undefined) {
    return msiSecret !== undefined
      ? ManagedIdentitySourceNames.MACHINE_LEARNING
      : ManagedIdentitySourceNames.CLOUD_SHELL;
  }
  if (identityEndpoint !== undefined && imdsEndpoint !== undefined) return ManagedIdentitySourceNames.AZURE_ARC;
  return exists(arcAgentPath(env)) ? ManagedIdentitySourceNames.AZURE_ARC : undefined;
}

/** What an earlier query found under a `discoveryKey`, if it still counts. */
export function knownSource(
  discovered: ReadonlyMap<string, DiscoveredSource>,
  key: string,
  monotonicMs: number,
): DiscoveredSource | undefined {
  const found = discovered.get(key);
  if (found === undefined) return undefined;
  return monotonicMs - found.foundAtMs < BELIEVED_FOR_MS[found.finding] ? found : undefined;
}

function arcAgentPath(env: HostEnvironment): string {
  return hostPlatform() === 'win32'
    ? `${env.programFiles ?? 'C:\\Program Files'}\\AzureConnectedMachineAgent\\himds.exe`
    : '/opt/azcmagent/bin/himds';
}
