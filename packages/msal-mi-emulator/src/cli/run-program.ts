import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Emulator } from '../types.js';

/** Ctrl-C reaches the program from the terminal by itself. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP'];
const KILLED_BY_SIGNAL = 128;

/** What a program finds in its environment besides {@link Emulator.env}: where to go with a token. */
export function programEnvironment({ env, resources, tokenUrl, tenantId }: Emulator): Record<string, string> {
  return {
    ...env,
    EMULATOR_VAULT_URL: resources.vault,
    EMULATOR_API_URL: resources.handshake,
    EMULATOR_TOKEN_URL: tokenUrl,
    EMULATOR_TENANT_ID: tenantId,
  };
}

/**
 * Runs a program in the environment of an emulator, with the terminal of this process.
 * @param program - the name, then the arguments
 * @returns the program's exit code, or 128 and the number of the signal that ended it
 * @throws the error of the operating system when the program cannot be started
 */
export async function runProgram(emulator: Emulator, [name = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(name, args, {
    env: { ...process.env, ...programEnvironment(emulator) },
    stdio: 'inherit',
    // npm, npx and what npm installs are scripts on Windows, which only a shell can start.
    shell: process.platform === 'win32',
  });
  const ended = once(child, 'close');
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const stay = (): void => undefined;
  process.on('SIGINT', stay);
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    return code ?? KILLED_BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    process.off('SIGINT', stay);
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
