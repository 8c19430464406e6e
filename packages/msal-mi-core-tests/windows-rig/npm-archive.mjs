// Files of npm packages that are not installed: an exact version, and the bytes that were reviewed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Unpacks `paths` of the package into `folder`, once.
 * @param integrity - as npm writes it, `sha512-` and base64
 */
export function unpackFromNpm({ name, version, integrity, paths }, folder) {
  if (existsSync(folder)) return;
  const unpacked = `${folder}.new`;
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  run('npm', ['pack', `${name}@${version}`, '--silent', '--no-update-notifier'], unpacked);
  const [file] = readdirSync(unpacked);
  const archive = join(unpacked, file);
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    rmSync(unpacked, { recursive: true, force: true });
    throw new Error(`${name}@${version} is not what was reviewed: ${found}`);
  }
  run('tar', ['xzf', file, '--strip-components=1', ...paths.map((path) => `package/${path}`)], unpacked);
  rmSync(archive);
  renameSync(unpacked, folder);
}

function run(command, args, cwd) {
  // npm is a script on Windows, which only a shell can start; no argument comes from outside.
  const shell = process.platform === 'win32' && command === 'npm';
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'], shell });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args[0]} failed with ${result.status}`);
}
