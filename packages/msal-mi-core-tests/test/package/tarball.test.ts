import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';
import {
  PUBLISHED,
  REPOSITORY,
  filesOf,
  manifestOf,
  tarballOf,
  textOf,
  type PublishedPackage,
} from './support/tarballs.js';

const LIFECYCLE = /^(pre|post)?(install|prepare|uninstall)$/;

/** What is published besides what is built of the sources. */
const ALWAYS = ['LICENSE', 'THIRD-PARTY-NOTICES.txt', 'dist-cjs/package.json', 'package.json'];
const OTHERS: Record<PublishedPackage, RegExp> = {
  'msal-mi-core':
    /^((?:README|CHANGELOG)\.md|native\.[cm]js|native\.d\.[cm]ts|prebuilds\/win32-(x64|arm64)\/msal-mi-core\.node|bin\/[\w-]+\.mjs)$/,
  'msal-key-attestation':
    /^((?:README|CHANGELOG)\.md|native\.[cm]js|native\.d\.[cm]ts|prebuilds\/win32-(x64|arm64)\/msal-key-attestation\.node)$/,
  'msal-mi-emulator': /^((?:README|CHANGELOG|WIRE)\.md|bin\/[\w-]+\.mjs)$/,
};
/** Command line programs are ES modules, which nobody requires. */
const COMMAND_LINE = /^cli\//;

function sourcesOf(name: PublishedPackage): string[] {
  const folder = join(REPOSITORY, 'packages', name, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => !holdsTypesOnly(readFileSync(join(folder, file), 'utf8')))
    .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''));
}

function holdsTypesOnly(source: string): boolean {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, removeComments: true },
  });
  return /^\s*(?:export \{\};)?\s*$/.test(outputText);
}

const builtFormats = (source: string) => (COMMAND_LINE.test(source) ? ['dist'] : ['dist', 'dist-cjs']);

/** What a tool of this workspace says of a tarball; undefined when it is content. */
function findingsOf(tool: string, args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(join(REPOSITORY, 'node_modules', '.bin', tool), args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return status === 0 ? undefined : stdout + stderr;
}

describe.each(PUBLISHED)('the tarball of %s', (name) => {
  it('O08: holds the two builds of every source with code, the licences, and nothing unexpected', () => {
    const code = sourcesOf(name).flatMap((source) => builtFormats(source).map((folder) => `${folder}/${source}.js`));
    const others = filesOf(name).filter((file) => OTHERS[name].test(file));
    const files = filesOf(name).filter((file) => !/^dist(-cjs)?\/.*\.d\.ts$/.test(file));
    expect(files).toEqual([...code, ...ALWAYS, ...others].sort());
  });

  it('has the same declarations for both builds, those that an entry point leads to', () => {
    const [forImport, forRequire] = ['dist/', 'dist-cjs/'].map((folder) =>
      filesOf(name)
        .filter((file) => file.startsWith(folder) && file.endsWith('.d.ts'))
        .map((file) => file.slice(folder.length)),
    );
    expect(forImport).toEqual(forRequire);
    const entryPoints = Object.values(manifestOf(name).exports).flatMap((target) =>
      typeof target === 'object' ? [(target as { import: { types: string } }).import.types.replace('./dist/', '')] : [],
    );
    expect(forImport).toEqual(expect.arrayContaining(entryPoints));
    const imported = new Set(
      forImport?.flatMap((file) =>
        [...textOf(name, `dist/${file}`).matchAll(/['"](\.[^'"]+)\.js['"]/g)].map(([, path]) =>
          posix.join(posix.dirname(file), `${path ?? ''}.d.ts`),
        ),
      ),
    );
    expect(forImport?.filter((file) => !imported.has(file) && !entryPoints.includes(file))).toEqual([]);
    expect([...imported].filter((file) => !forImport?.includes(file))).toEqual([]);
  });

  it('points at no file that is not there', () => {
    for (const file of filesOf(name).filter((path) => path.endsWith('.js'))) {
      const imported = [
        ...textOf(name, file).matchAll(/(?:\bfrom |\bimport |\b(?:import|require)\()['"](\.[^'"]+)['"]/g),
      ];
      const paths = imported.map(([, path]) => posix.join(posix.dirname(file), path ?? ''));
      expect([file, paths.filter((path) => !filesOf(name).includes(path))]).toEqual([file, []]);
      expect([file, textOf(name, file).includes('sourceMappingURL')]).toEqual([file, false]);
    }
  });

  it('installs by unpacking alone: no script, no build file, no limit to a platform', () => {
    const manifest = manifestOf(name);
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => LIFECYCLE.test(script))).toEqual([]);
    expect(manifest).not.toHaveProperty('os');
    expect(manifest).not.toHaveProperty('cpu');
    expect(manifest).not.toHaveProperty('gypfile');
    expect(filesOf(name).filter((file) => /binding\.gyp$/.test(file))).toEqual([]);
    // npm runs node-gyp for a binding.gyp even when no script asks for it.
    expect(existsSync(join(REPOSITORY, 'packages', name, 'binding.gyp'))).toBe(false);
  });

  it('names versions that a registry knows', () => {
    expect(JSON.stringify(manifestOf(name))).not.toMatch(/"(workspace|catalog|file|link):/);
  });

  it('has at most four dependencies', () => {
    expect(Object.keys(manifestOf(name).dependencies ?? {}).length).toBeLessThanOrEqual(4);
  });

  it('has no finding of publint', () => {
    expect(findingsOf('publint', ['run', tarballOf(name), '--strict'])).toBeUndefined();
  });

  it('has types that fit its code in every module resolution', () => {
    expect(findingsOf('attw', [tarballOf(name), '--no-emoji', '--no-color'])).toBeUndefined();
  });
});
