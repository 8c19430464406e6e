import { startEmulator } from '../emulator.js';
import { EmulatorError } from '../errors.js';
import type { Emulator } from '../types.js';
import { describeAsJson, describeEmulator } from './describe-emulator.js';
import { HELP, parseArguments } from './parse-arguments.js';
import { runProgram } from './run-program.js';

const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The command line program: starts an emulator and keeps it until a signal, or until a program has ended.
 * @returns the exit code: 0 stopped, 1 could not start, 2 wrong arguments, or the program's
 */
export async function runCli(args: string[], version: string): Promise<number> {
  const command = parseArguments(args);
  if (command.kind === 'help') return print(HELP);
  if (command.kind === 'version') return print(`${version}\n`);
  if (command.kind === 'usage-error') return complain(`${command.message}\nTry --help.`, 2);
  const stopped = command.kind === 'start' ? signalled() : undefined;
  let emulator: Emulator;
  try {
    emulator = await startEmulator(command.options);
  } catch (error) {
    if (!(error instanceof EmulatorError)) throw error;
    return complain(error.message, error.code === 'port_unavailable' ? 1 : 2);
  }
  if (command.kind === 'run') {
    try {
      return await runProgram(emulator, command.program);
    } catch (error) {
      return complain(`cannot start ${String(command.program[0])}: ${(error as Error).message}`, 1);
    } finally {
      await emulator.close();
    }
  }
  print(command.asJson ? describeAsJson(emulator) : describeEmulator(emulator, command.options.systemAssigned));
  await stopped;
  await emulator.close();
  return 0;
}

/** A second signal ends the process at once, as if nobody listened. */
async function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
      resolve();
    };
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
  });
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`msal-mi-emulator: ${message}\n`);
  return exitCode;
}
