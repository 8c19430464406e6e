// A Wine prefix that looks like Windows 10 with KeyGuard, and programs in it.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { WINE, WINE_SERVER, wineFolder } from './wine-files.mjs';

const BASE_PREFIX = join(cacheFolder, `base-prefix-${basename(wineFolder)}`);

export class WinePrefix {
  #folder;
  #logFolder;
  #runs = 0;

  /** A fresh prefix, cheap when there was one before. `ncrypt.dll` of the rig takes the place of Wine's. */
  static create(name, rigLibraries) {
    prepareBase();
    const folder = join(cacheFolder, 'prefixes', name);
    stopServer(folder);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(cacheFolder, 'prefixes'), { recursive: true });
    const copied = spawnSync('cp', ['-al', BASE_PREFIX, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (copied.status !== 0) cpSync(BASE_PREFIX, folder, { recursive: true, verbatimSymlinks: true });
    // Hard links but for the registry: Wine writes into a file that has several names, so keys and certificates of one run
    // would be there in every other.
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.reg'))) {
      rmSync(join(folder, name));
      copyFileSync(join(BASE_PREFIX, name), join(folder, name));
    }
    const ncrypt = join(folder, 'drive_c/windows/system32/ncrypt.dll');
    rmSync(ncrypt);
    copyFileSync(join(rigLibraries, 'ncrypt.dll'), ncrypt);
    return new WinePrefix(folder);
  }

  constructor(folder) {
    this.#folder = folder;
    this.#logFolder = join(folder, 'rig-output');
    mkdirSync(this.#logFolder, { recursive: true });
  }

  /** Runs a Windows program. Its output goes to files: it does not work with pipes of Linux. */
  run(executable, args, { cwd, env, timeoutMs }) {
    const outputFile = join(this.#logFolder, `${(this.#runs += 1)}.txt`);
    const output = openSync(outputFile, 'w');
    return new Promise((resolve, reject) => {
      const child = spawn(WINE, [executable, ...args], {
        cwd,
        env: { ...wineEnvironment(this.#folder), ...env },
        stdio: ['ignore', output, output],
      });
      closeSync(output);
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, timeoutMs);
      child.once('error', reject);
      child.once('exit', (status) => {
        clearTimeout(timer);
        resolve({ status: timedOut ? 'timeout' : status, output: readFileSync(outputFile, 'utf8') });
      });
    });
  }

  dispose() {
    stopServer(this.#folder);
  }
}

function prepareBase() {
  const marker = join(BASE_PREFIX, 'rig-prepared-2'); // another name throws away what older rigs made
  if (existsSync(marker)) return;
  rmSync(BASE_PREFIX, { recursive: true, force: true });
  mkdirSync(cacheFolder, { recursive: true });
  wine(['wineboot', '-i']);
  stopServer(BASE_PREFIX, '-w');
  closeSync(openSync(marker, 'w'));
}

function wine(args) {
  const options = { env: wineEnvironment(BASE_PREFIX), stdio: 'ignore', timeout: 120_000 };
  const result = spawnSync(WINE, args, options);
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`wine64 ${args[0]} failed with ${result.status}`);
}

function stopServer(prefix, how = '-k') {
  if (!existsSync(prefix)) return;
  const env = wineEnvironment(prefix);
  spawnSync(WINE_SERVER, [how], { env, stdio: 'ignore', timeout: 30_000 });
  if (how === '-k') spawnSync(WINE_SERVER, ['-w'], { env, stdio: 'ignore', timeout: 30_000 });
}

/**
 * Libraries that Wine has to look for as Windows does: the first file on the search path counts. Left to itself, Wine takes
 * its own library before a file of that name in another folder. What is found in system32 is Wine's own again, or the rig's.
 */
const BY_FILE = ['ncrypt', 'crypt32', 'winhttp', 'wintrust'];

const overrides = (absent) => `${absent}=;${BY_FILE.join(',')}=n,b`;

/** For .NET: without its mscoree, which installs a .NET of its own into a new prefix, Wine loads no assembly. */
export const WITH_ASSEMBLIES = { WINEDLLOVERRIDES: overrides('mshtml') };

function wineEnvironment(prefix) {
  const own = {
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: overrides('mscoree,mshtml'),
  };
  const env = { ...process.env, ...own };
  delete env.DISPLAY;
  return env;
}
