import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PUBLISHED, REPOSITORY, filesOf, manifestOf, tarballOf, type PublishedPackage } from './support/tarballs.js';

const LIFECYCLE = /^(pre|post)?(install|prepare|uninstall)$/;

/** What is published besides the sources and what is built of them. */
const ALWAYS = ['LICENSE', 'package.json', 'dist-cjs/package.json'];
const OTHERS: Record<PublishedPackage, RegExp> = {
  'msal-mi-core':
    /^(README\.md|native\.cjs|native\.d\.cts|prebuilds\/win32-(x64|arm64)\/msal-mi-core\.node|bin\/[\w-]+\.mjs)$/,
  'msal-key-attestation':
    /^(README\.md|native\.cjs|native\.d\.cts|prebuilds\/win32-(x64|arm64)\/msal-key-attestation\.node)$/,
  'msal-mi-emulator': /^(README\.md|bin\/[\w-]+\.mjs)$/,
};

function sourcesOf(name: PublishedPackage): string[] {
  const folder = join(REPOSITORY, 'packages', name, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/').replace(/\.ts$/, ''));
}

/** What a tool of this workspace says of a tarball; undefined when it is content. */
function findingsOf(tool: string, args: string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(join(REPOSITORY, 'node_modules', '.bin', tool), args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return status === 0 ? undefined : stdout + stderr;
}

describe.each(PUBLISHED)('the tarball of %s', (name) => {
  it('O08: holds every source, its two builds, and nothing unexpected', () => {
    const built = sourcesOf(name).flatMap((source) => [
      `src/${source}.ts`,
      ...['dist', 'dist-cjs'].flatMap((folder) =>
        ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((suffix) => `${folder}/${source}${suffix}`),
      ),
    ]);
    const others = filesOf(name).filter((file) => !built.includes(file) && OTHERS[name].test(file));
    expect(filesOf(name)).toEqual([...built, ...ALWAYS, ...others].sort());
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
