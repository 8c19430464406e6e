import { existsSync } from 'node:fs';

/**
 * The platform that runs this code. Bundlers that fold constants (Turbopack) write the platform of the build machine in
 * place of `process.platform`, and cut out the code for every other one. They do not follow this detour.
 */
export function hostPlatform(): NodeJS.Platform {
  return Reflect.get(process, 'platform');
}

/** Whether a file is there for this process: what the permission model of Node.js keeps from it is not. */
export function fileExists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}

/**
 * Imports an optional package. The name is not a literal in import(): bundlers would fail the build of every application
 * that does not have the package. A single executable has no packages; there Node.js 22 and 24 would take what lies below
 * the working directory, which may be a stranger's.
 */
export async function importByName(name: string): Promise<unknown> {
  if (process.getBuiltinModule('node:sea').isSea()) {
    throw Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' });
  }
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}
