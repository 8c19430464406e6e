import { once } from 'node:events';
import { constants } from 'node:os';
import spawn from 'cross-spawn';
import type { Emulator } from '../types.js';

/** Ctrl-C reaches the program from the terminal by itself. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP'];
const KILLED_BY_SIGNAL = 128;

/**
 * Runs a program in the environment of an emulator, with the terminal of this process and the arguments as they are.
 * @param program - the name, then the arguments
 * @returns the program's exit code, or 128 and the number of the signal that ended it
 * @throws the error of the operating system when the program cannot be started
 */
export async function runProgram({ env }: Emulator, [name = '', ...args]: readonly string[]): Promise<number> {
  // npm, npx and what npm installs are scripts on Windows, which only cmd.exe can start: cross-spawn quotes for it.
  const child = spawn(name, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
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
