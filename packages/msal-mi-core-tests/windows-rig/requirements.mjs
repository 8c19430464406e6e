// What the rig needs from the machine.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { debianMirror, KEYRING, WINE } from './wine-files.mjs';

const runs = (command, argument = '--version') => spawnSync(command, [argument], { stdio: 'ignore' }).status === 0;

/** What is missing, each with the Debian package that brings it. Empty when the suite can run. */
export function missingRequirements() {
  if (process.platform === 'win32') return [];
  const missing = [];
  const need = (isThere, what, debianPackage) => isThere || missing.push(`${what} (Debian: ${debianPackage})`);
  need(process.platform === 'linux' && process.arch === 'x64', 'Linux on x64, or Windows', 'none');
  if (!existsSync(WINE)) {
    need(runs('apt-get') && debianMirror() !== undefined, 'Debian’s package source, for Wine', 'none');
    need(existsSync(KEYRING), KEYRING, 'debian-archive-keyring');
    need(runs('patchelf'), 'patchelf', 'patchelf');
  }
  need(runs('x86_64-w64-mingw32-g++-posix'), 'x86_64-w64-mingw32-g++-posix', 'g++-mingw-w64-x86-64');
  need(runs('cmake'), 'cmake', 'cmake');
  need(runs('ninja') || runs('make'), 'ninja or make', 'ninja-build');
  need(runs('openssl', 'version'), 'openssl', 'openssl');
  need(runs('tar'), 'tar', 'tar');
  return missing;
}
