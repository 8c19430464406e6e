// A client of the protocol that nobody here wrote: MSAL.NET, in a program that is built for the test that needs it.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, rigFolder } from './paths.mjs';

/** @returns the absolute path of the program; packages are those of its lock file, by hash */
export function buildPeer() {
  const source = join(cacheFolder, 'peer/source');
  mkdirSync(source, { recursive: true });
  cpSync(join(rigFolder, 'peer'), source, { recursive: true });
  const output = join(cacheFolder, 'peer/program');
  dotnet(['restore', '--locked-mode'], source);
  dotnet(['publish', '--no-restore', '--configuration', 'Release', '--output', output], source);
  return join(output, 'peer.exe');
}

function dotnet(args, cwd) {
  const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' };
  const result = spawnSync('dotnet', args, { cwd, env, encoding: 'utf8' });
  if (result.error) throw new Error(`dotnet could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`dotnet ${args[0]} failed with ${result.status}: ${result.stdout}`);
}
