import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An application of its own, outside of this repository. */
export class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'msal-mi-package-'));

  constructor() {
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
      timeout: 120_000,
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
  return { ...Object.fromEntries(inherited), npm_config_userconfig: npmrc, ...registry() };
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
