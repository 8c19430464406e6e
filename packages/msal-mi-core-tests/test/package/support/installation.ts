import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An application of its own, outside of this repository. */
export class Installation {
  /** @param folder - Default: a new one. */
  constructor(readonly folder: string = mkdtempSync(join(tmpdir(), 'msal-mi-package-'))) {
    mkdirSync(folder, { recursive: true });
    this.write('package.json', JSON.stringify({ name: 'application', private: true }));
    this.write('empty.npmrc', '');
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  copy(program: string): void {
    copyFileSync(program, join(this.folder, basename(program)));
  }

  /** Takes a package away, also from the packages that depend on it. Only for flat installations: npm's. */
  uninstall(name: string): void {
    rmSync(join(this.folder, 'node_modules', name), { recursive: true });
  }

  /** Takes a folder of a package away, from its ESM and from its CommonJS build. */
  uninstallFolder(name: string, folder: string): void {
    for (const build of ['dist', 'dist-cjs']) {
      rmSync(join(this.folder, 'node_modules', name, build, folder), { recursive: true });
    }
  }

  /** Runs node with a program of the application. */
  node(...args: string[]): Outcome {
    return this.run(process.execPath, args);
  }

  /** Runs a program in the application's folder, untouched by the settings this process was started with. */
  run(command: string, args: readonly string[]): Outcome {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.folder,
      env: userEnvironment(join(this.folder, 'empty.npmrc')),
      encoding: 'utf8',
      shell: process.platform === 'win32' && command !== process.execPath,
      timeout: 300_000,
    });
    return { status, stdout, stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The environment of a user: nothing of how this process was started, and of this machine's npm only the registry. */
export function userEnvironment(npmrc: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|node_options$|init_cwd$)/i.test(name),
  );
  // What npm says about a newer npm would be a warning of the packages; what Next.js tells its makers, a request.
  const quiet = { npm_config_update_notifier: 'false', NEXT_TELEMETRY_DISABLED: '1' };
  return { ...Object.fromEntries(inherited), npm_config_userconfig: npmrc, ...quiet, ...registry() };
}

/** Installs what the lock file of a folder names, once for each lock file. */
export function installLocked(folder: string): void {
  const stamp = join(folder, 'node_modules/.lock-of-this-install');
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--no-update-notifier'];
  // A pnpm that is strict about engines hands that on to npm.
  const { status, stdout, stderr } = spawnSync('npm', ['ci', '--engine-strict=false', ...options], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm ci failed in ${folder}\n${stdout}\n${stderr}`);
  writeFileSync(stamp, lock);
}

/** The registry this machine uses: the only setting of its owner that an empty application still needs. */
function registry(): NodeJS.ProcessEnv {
  known ??= spawnSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  }).stdout.trim();
  return { npm_config_registry: known };
}
let known: string | undefined;
