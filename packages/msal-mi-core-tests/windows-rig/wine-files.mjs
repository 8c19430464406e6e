// Wine 10 of Debian 13, unpacked into a folder and never installed: Node.js 24 and later need it, and Debian 12 has Wine 8.
// No root, no mount, no chroot. apt checks the index by Debian's signature, and size and SHA-256 of every archive by the index.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The rig's hooks into Wine were reviewed for this version; Debian's own revisions of it are taken as they come. */
const WINE_VERSION = '10.0';
const RELEASE = 'trixie';
export const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** What each group is there for. */
const PACKAGES = [
  ...['wine64', 'libwine', 'libz-mingw-w64'], // Wine, and the zlib1.dll that it takes from elsewhere
  ...['libc6', 'libgcc-s1', 'libunwind8', 'liblzma5'], // what its Unix half is linked with
  ...['libgnutls30t64', 'libnettle8t64', 'libhogweed6t64', 'libgmp10', 'libidn2-0', 'libunistring5', 'libp11-kit0'],
  ...['libtasn1-6', 'libffi8', 'libzstd1', 'libbrotli1', 'zlib1g'], // GnuTLS: Schannel and bcrypt
  ...['libfreetype6', 'libpng16-16t64', 'libbz2-1.0', 'libfontconfig1', 'libexpat1'], // or it complains about fonts
];
const SUPERFLUOUS = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/i686-w64-mingw32'];
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/**
 * Outside of the repository, so that clones share it. It cannot be moved: Wine's programs name their libraries by path.
 * Another number at the end throws away what older rigs made.
 */
const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'msal-mi-windows-rig');
export const wineFolder = join(cacheFolder, `wine-${WINE_VERSION}-1`);
export const WINE = join(wineFolder, 'usr/lib/wine/wine64');
export const WINE_SERVER = join(wineFolder, 'usr/lib/wine/wineserver64');

/** Fetches Wine where it is not there yet. */
export function ensureWine() {
  if (existsSync(WINE)) return;
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(`${wineFolder}.`);
  try {
    const root = join(work, 'root');
    mkdirSync(root);
    const archives = download(join(work, 'apt'));
    for (const archive of archives) run('dpkg-deb', ['-x', archive, root]);
    for (const path of SUPERFLUOUS) rmSync(join(root, path), { recursive: true, force: true });
    makeRelocated(root);
    try {
      renameSync(root, wineFolder);
    } catch (error) {
      if (!existsSync(WINE)) throw error; // another rig was faster
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Where this machine takes Debian's packages from. */
export function debianMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder) : []).map((name) => join(folder, name)),
  ];
  const text = files.filter(existsSync).map((file) => readFileSync(file, 'utf8'));
  return /^(?:URIs:|deb (?:\[[^\]]*\] )?)\s*(\S+\/debian\/?)(?=\s|$)/m.exec(text.join('\n'))?.[1];
}

/** @returns the archives, all in `folder`, by an apt that has nothing to do with what the machine has installed */
function download(folder) {
  const at = (name) => join(folder, name);
  for (const name of ['lists/partial', 'cache/archives/partial', 'archives', 'empty'])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at('sources.list'), `deb [signed-by=${KEYRING}] ${debianMirror()} ${RELEASE} main\n`);
  writeFileSync(at('status'), '');
  const options = {
    'Dir::Etc::SourceList': at('sources.list'),
    'Dir::Etc::SourceParts': at('empty'),
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': at('empty'),
    'Dir::State': folder,
    'Dir::State::Lists': at('lists'),
    'Dir::State::Status': at('status'),
    'Dir::Cache': at('cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // Otherwise a mirror out of reach is a warning.
    'APT::Update::Error-Mode': 'any',
    // apt's own user cannot write into the folder of another.
    'APT::Sandbox::User': '',
  };
  const given = Object.entries(options).map(([name, value]) => `-o${name}=${value}`);
  run('apt-get', ['-qq', ...given, 'update']);
  const version = /^Version: (.*)$/m.exec(run('apt-cache', [...given, 'show', 'wine64']))?.[1];
  if (version?.split(/[~+-]/)[0] !== WINE_VERSION) {
    throw new Error(`Debian ${RELEASE} has wine64 ${version}, and the rig is written for ${WINE_VERSION}`);
  }
  run('apt-get', ['-qq', ...given, 'download', ...PACKAGES], at('archives'));
  return readdirSync(at('archives')).map((name) => join(folder, 'archives', name));
}

/** Lets the files below `root` work in `wineFolder`, where they go next. */
function makeRelocated(root) {
  const libraries = join(wineFolder, LIBRARIES);
  for (const program of ['wine64', 'wineserver64']) {
    const file = join(root, 'usr/lib/wine', program);
    const interpreter = join(libraries, 'ld-linux-x86-64.so.2');
    run('patchelf', ['--set-interpreter', interpreter, '--force-rpath', '--set-rpath', libraries, file]);
  }
  // Debian's own starts /usr/lib/wine/wineserver64, which may be there in another version.
  const server = `#!/bin/sh\nexec "${WINE_SERVER}" -p0 "$@"\n`;
  writeFileSync(join(root, 'usr/lib/wine/wineserver'), server, { mode: 0o755 });
  // What the package does when it is installed: the library is Wine's own only with this mark.
  const zlib = readFileSync(join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'));
  zlib.fill(0, 64, 96).write('Wine builtin DLL', 64, 'latin1');
  writeFileSync(join(root, LIBRARIES, 'wine/x86_64-windows/zlib1.dll'), zlib);
  // Otherwise the machine's /usr/share/wine is read.
  symlinkSync('.', join(root, 'usr/share/wine/wine'));
}

function run(command, args, cwd = dirname(wineFolder)) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} failed with ${result.status}: ${result.stderr}`);
  return result.stdout;
}
