import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const REPOSITORY = resolve(import.meta.dirname, '../../../../..');

/** The packages of this workspace that go to npm. */
export const PUBLISHED = ['msal-key-attestation', 'msal-mi-core', 'msal-mi-emulator'] as const;
export type PublishedPackage = (typeof PUBLISHED)[number];

/** What package.json says, in a tarball or in the workspace. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Where `scripts/pack.mjs` left the tarball: the command `test:package` runs it first. */
export function tarballOf(name: PublishedPackage): string {
  return resolve(REPOSITORY, 'node_modules/.cache/tarballs', `${name}.tgz`);
}

/** The files of a tarball, without the leading `package/`, sorted. */
export function filesOf(name: PublishedPackage): string[] {
  return execFileSync('tar', ['-tzf', tarballOf(name)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(/^package\//, ''))
    .sort();
}

export function manifestOf(name: PublishedPackage): Manifest {
  const text = execFileSync('tar', ['-xzOf', tarballOf(name), 'package/package.json'], { encoding: 'utf8' });
  return JSON.parse(text) as Manifest;
}

/** The entry points with code, as users write them: `msal-mi-core`, `msal-mi-core/azure`. */
export function entryPointsOf(name: PublishedPackage): string[] {
  return Object.entries(manifestOf(name).exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath]) => name + subpath.slice(1));
}

/** Packages of others that subpaths of `name` build on, as `name@version`: the version this workspace tests with. */
export function optionalPeersOf(name: PublishedPackage): string[] {
  const tests = readFileSync(resolve(REPOSITORY, 'packages/msal-mi-core-tests/package.json'), 'utf8');
  const tested = (JSON.parse(tests) as Manifest).devDependencies ?? {};
  return Object.entries(manifestOf(name).peerDependencies ?? {})
    .filter(([peer]) => !PUBLISHED.some((published) => published === peer))
    .map(([peer, range]) => {
      const version = tested[peer] ?? range;
      return `${peer}@${version.startsWith('catalog:') ? range : version}`;
    });
}
