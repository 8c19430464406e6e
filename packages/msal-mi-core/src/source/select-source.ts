/** Which source serves this host (D4), as far as it is known without asking: probes nothing. */
import { hostPlatform } from '../host-platform.js';
import { existsSync } from 'node:fs';
import type { DiscoveredSource } from '../cache/shared-state.js';
import type { HostEnvironment } from '../model.js';
import { ManagedIdentitySourceNames } from '../public-types.js';

/** Nothing found is believed for a short time only: the metadata service may come up after the process. */
const NOTHING_FOUND_TTL_MS = 60_000;

/** The source that the environment names, or undefined where only IMDS can be asked. */
export function environmentSource(
  env: HostEnvironment,
  fileExists: (path: string) => boolean = existsSync,
): ManagedIdentitySourceNames | undefined {
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
  return fileExists(arcAgentPath(env)) ? ManagedIdentitySourceNames.AZURE_ARC : undefined;
}

/** What an earlier query found at this IMDS, if it still counts. */
export function knownSource(
  discovered: ReadonlyMap<string, DiscoveredSource>,
  imdsBase: string,
  nowMs: number,
): DiscoveredSource | undefined {
  const found = discovered.get(imdsBase);
  if (found === undefined) return undefined;
  const isStale = found.imdsVersion === undefined && nowMs - found.foundAtMs > NOTHING_FOUND_TTL_MS;
  return isStale ? undefined : found;
}

function arcAgentPath(env: HostEnvironment): string {
  return hostPlatform() === 'win32'
    ? `${env.programFiles ?? 'C:\\Program Files'}\\AzureConnectedMachineAgent\\himds.exe`
    : '/opt/azcmagent/bin/himds';
}
