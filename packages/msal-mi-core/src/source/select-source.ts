/** Which source serves this host (PROTOCOL D4, B 1.1). Looks at the environment only; probes nothing. */
import { existsSync } from 'node:fs';
import type { HostEnvironment } from '../model.js';
import { ManagedIdentitySourceNames } from '../types.js';

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

function arcAgentPath(env: HostEnvironment): string {
  return process.platform === 'win32'
    ? `${env.programFiles ?? 'C:\\Program Files'}\\AzureConnectedMachineAgent\\himds.exe`
    : '/opt/azcmagent/bin/himds';
}
