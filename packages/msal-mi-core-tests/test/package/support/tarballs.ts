import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { filesInTarball } from '../../../../../scripts/tarball.mjs';

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
  return [...contentOf(name).keys()].sort();
}

/** The text of one file of a tarball. */
export function textOf(name: PublishedPackage, file: string): string {
  const bytes = contentOf(name).get(file);
  if (bytes === undefined) throw new Error(`${name} has no file ${file}`);
  return bytes.toString('utf8');
}

export function manifestOf(name: PublishedPackage): Manifest {
  return JSON.parse(textOf(name, 'package.json')) as Manifest;
}

const contents = new Map<PublishedPackage, ReadonlyMap<string, Buffer>>();
function contentOf(name: PublishedPackage): ReadonlyMap<string, Buffer> {
  let content = contents.get(name);
  if (content === undefined) {
    content = new Map(filesInTarball(tarballOf(name)).map(({ path, bytes }) => [path, bytes]));
    contents.set(name, content);
  }
  return content;
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
