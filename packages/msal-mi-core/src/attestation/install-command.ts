import { dirname, join } from 'node:path';
import { fileExists } from '../host-platform.js';

type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** Files that tell who installed an application: first what installers leave in node_modules, then lock files. */
const MARKERS: ReadonlyArray<readonly [file: string, manager: PackageManager]> = [
  [join('node_modules', '.modules.yaml'), 'pnpm'],
  [join('node_modules', '.yarn-state.yml'), 'yarn'],
  [join('node_modules', '.yarn-integrity'), 'yarn'],
  [join('node_modules', '.package-lock.json'), 'npm'],
  ['.pnp.cjs', 'yarn'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

/**
 * The command that adds `packageName` to the running application, for the package manager that installed it.
 *
 * @param mainScript - Where the application starts. The folders above it are searched for traces of a package manager;
 *   without any, the command is npm's.
 */
export function installCommand(packageName: string, mainScript: string | undefined = process.argv[1]): string {
  const manager = packageManagerOf(mainScript) ?? 'npm';
  return `${manager} ${manager === 'npm' ? 'install' : 'add'} ${packageName}`;
}

function packageManagerOf(mainScript: string | undefined): PackageManager | undefined {
  if (mainScript === undefined) return undefined;
  for (let folder = dirname(mainScript), child = ''; folder !== child; child = folder, folder = dirname(folder)) {
    const marker = MARKERS.find(([file]) => fileExists(join(folder, file)));
    if (marker !== undefined) return marker[1];
  }
  return undefined;
}
