/**
 * Installs the package manager that package.json#packageManager names, for workflows that publish. npm would take whatever the
 * registry serves under that version; here the tarball has to have the hash that package.json holds.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './workspace.mjs';

const { packageManager } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
const [, spec, algorithm, expected] = /^(pnpm@[\d.]+)\+(sha512)\.([0-9a-f]{128})$/.exec(packageManager) ?? [];
if (spec === undefined) throw new Error(`package.json#packageManager holds no version with a hash: ${packageManager}`);

const folder = mkdtempSync(join(tmpdir(), 'package-manager-'));
const npm = (...args) =>
  execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const tarball = join(folder, npm('pack', '--silent', spec).trim());
const actual = createHash(algorithm).update(readFileSync(tarball)).digest('hex');
if (actual !== expected) throw new Error(`${spec} has the ${algorithm} ${actual}, package.json wants ${expected}`);

npm('install', '--global', '--ignore-scripts', ...process.argv.slice(2), tarball);
console.log(`${spec} has the hash of package.json and is installed`);
