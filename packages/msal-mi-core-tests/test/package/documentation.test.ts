/** What the documentation tells readers to do works: with the packages as they are published, in an empty folder. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, readPage, type Block } from './support/page.js';
import { PUBLISHED, REPOSITORY, manifestOf, type Manifest } from './support/tarballs.js';
import { Walkthrough } from './support/walkthrough.js';

const markdownIn = (folder: string) =>
  readdirSync(join(REPOSITORY, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file).replaceAll('\\', '/'));
const EXAMPLES = readdirSync(join(REPOSITORY, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `examples/${name}`);
const PAGES = ['.', 'docs', 'docs/discoveries', 'examples', ...PUBLISHED.map((name) => `packages/${name}`)]
  .concat(EXAMPLES)
  .filter((folder) => existsSync(join(REPOSITORY, folder)))
  .flatMap(markdownIn);

const isRun = ({ mark }: Block) => /^run(?:=\w+)?$/.test(mark);
const isShell = ({ language }: Block) => ['bash', 'console', 'powershell', 'sh', 'shell'].includes(language);
const TO_FOLLOW = PAGES.filter((page) => !page.startsWith('examples/') && blocksOf(page).some(isRun));

// Commands on the pages are for a POSIX shell.
const onPosix = process.platform === 'win32' ? describe.skip : describe;
onPosix('a reader in an empty folder', () => {
  it('has pages to follow', () => {
    expect(TO_FOLLOW).toEqual(
      expect.arrayContaining(['README.md', 'docs/key-vault.md', 'docs/own-api.md', 'docs/storage.md']),
    );
  });

  it.each(TO_FOLLOW)(
    'who follows %s sees what the page shows',
    async (page) => {
      const walkthrough = await Walkthrough.begin();
      try {
        for (const block of blocksOf(page)) await walkthrough.follow(block);
      } finally {
        await walkthrough.end();
      }
    },
    240_000,
  );
});

/** For machines that these tests do not have. */
const NOT_CHECKED = [
  /^az /,
  /^reg add HKLM/,
  /^\(Get-CimInstance -Namespace root/,
  /^nuget install Microsoft\.Azure\.Security\.KeyGuardAttestation /,
  /^\$folder = /,
  /^\$dll = /,
  /^\[Environment\]::SetEnvironmentVariable\('ATTESTATION_CLIENTLIB_PATH'/,
];
const ROOT_SCRIPTS = Object.keys(scriptsOf('.'));
const PACKAGE_SCRIPTS = [...PUBLISHED, 'msal-mi-core-tests'].flatMap((name) =>
  Object.keys(scriptsOf(`packages/${name}`)),
);
const KNOWN_PACKAGES = [
  ...PUBLISHED,
  ...PUBLISHED.flatMap((name) => Object.keys(manifestOf(name).peerDependencies ?? {})),
  ...Object.keys(manifestAt('packages/msal-mi-core-tests').devDependencies ?? {}),
];
const HELP = new Map(
  PUBLISHED.flatMap((name) =>
    Object.entries(manifestOf(name).bin ?? {}).map(([command, path]) => {
      const program = join(REPOSITORY, 'packages', name, path);
      return [command, spawnSync(process.execPath, [program, '--help'], { encoding: 'utf8' }).stdout] as const;
    }),
  ),
);

function manifestAt(folder: string): Manifest {
  return JSON.parse(readFileSync(join(REPOSITORY, folder, 'package.json'), 'utf8')) as Manifest;
}
function scriptsOf(folder: string): Readonly<Record<string, string>> {
  return manifestAt(folder).scripts ?? {};
}

const optionsIn = (text: string) => [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([option]) => option);

/** What is wrong with a command; undefined when everything that it names exists. */
function findingOf(command: string, page: string): string | undefined {
  const [program, ...args] = command.trim().split(/\s+/);
  const ofPage = page.startsWith('examples/') ? Object.keys(existingScripts(page)) : [];
  if (program === 'npx') {
    const [name = '', ...rest] = args;
    const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
    const help = HELP.get(name);
    if (help === undefined) return `${name} is not a command of the packages`;
    const [subcommand] = own.filter((word) => !word.startsWith('-') && /^[a-z]+$/.test(word));
    const unknown = [...optionsIn(own.join(' ')), ...(subcommand === undefined ? [] : [subcommand])];
    return unknown.find((word) => !help.includes(word));
  }
  if (program === 'npm' && args[0] === 'install') return args.slice(1).find((name) => !KNOWN_PACKAGES.includes(name));
  if (program === 'npm' && ['start', 'test'].includes(args[0] ?? '')) {
    return [...ROOT_SCRIPTS, ...ofPage].includes(args[0]!) ? undefined : args[0];
  }
  if (program === 'npm' && args[0] === 'run') return ROOT_SCRIPTS.includes(args[1] ?? '') ? undefined : args[1];
  if (program === 'pnpm') {
    const [script] = args.filter(
      (arg, index) => !arg.startsWith('-') && args[index - 1] !== '--filter' && arg !== 'run',
    );
    return [...ROOT_SCRIPTS, ...PACKAGE_SCRIPTS, 'changeset', 'add', 'install', 'outdated'].includes(script ?? '')
      ? undefined
      : script;
  }
  return `nobody checks ${program}`;
}

function existingScripts(page: string): Readonly<Record<string, string>> {
  const folder = page.split('/').slice(0, 2).join('/');
  return existsSync(join(REPOSITORY, folder, 'package.json')) ? scriptsOf(folder) : {};
}

describe('every command of the documentation', () => {
  const inBlocks = PAGES.flatMap((page) =>
    blocksOf(page)
      .filter((block) => isShell(block) && !isRun(block))
      .flatMap(({ text }) => text.split('\n'))
      .map((line) => line.replace(/\s+#.*$/, '').trim())
      .filter((line) => line !== '' && !NOT_CHECKED.some((pattern) => pattern.test(line)))
      .map((command) => ({ page, command })),
  );
  const inText = PAGES.flatMap((page) =>
    [...readPage(page).matchAll(/(?<!`)`((?:npx|npm run|pnpm) [^`]+)`(?!`)/g)].map(([, command]) => ({
      page,
      command: command!,
    })),
  );

  it('names scripts, programs, options and packages that exist', () => {
    const findings = [...inBlocks, ...inText].map(({ page, command }) => ({
      page,
      command,
      finding: findingOf(command, page),
    }));
    expect(findings.filter(({ finding }) => finding !== undefined)).toEqual([]);
    expect(findings.length).toBeGreaterThan(20);
  });

  it.each([
    ['npx msal-mi-core doctor --shallow', '--shallow'],
    ['npx msal-mi-core cure', 'cure'],
    ['npx msal-mi-emulater', 'msal-mi-emulater is not a command of the packages'],
    ['npm run demos', 'demos'],
    ['npm install msal-mi', 'msal-mi'],
    ['pnpm api:upgrade', 'api:upgrade'],
    ['sudo make install', 'nobody checks sudo'],
  ])('would not be %s', (command, finding) => {
    expect(findingOf(command, 'README.md')).toBe(finding);
  });

  it.each([
    ['docs/vm-readiness.md', 'msal-mi-core'],
    ['packages/msal-mi-emulator/README.md', 'msal-mi-emulator'],
  ])('%s has the options of %s, all of them', (page, command) => {
    const offered = optionsIn(HELP.get(command)!).filter((option) => !['--help', '--version'].includes(option));
    expect(new Set(optionsIn(readPage(page)))).toEqual(new Set(offered));
  });
});
