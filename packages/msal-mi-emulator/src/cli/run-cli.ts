import { startEmulator } from '../emulator.js';
import { EmulatorError } from '../errors.js';
import type { Emulator } from '../types.js';
import { typedName } from './command-options.js';
import { describeAsJson, describeEmulator } from './describe-emulator.js';
import { helpText } from './help-text.js';
import { parseArguments } from './parse-arguments.js';
import { runProgram } from './run-program.js';

const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * The command line program: starts an emulator and keeps it until a signal, or until a program has ended.
 * @returns the exit code: 0 stopped, 1 could not start, 2 wrong arguments, or the program's
 */
export async function runCli(args: string[], version: string): Promise<number> {
  const command = parseArguments(args);
  const readerGone = watchReader();
  if (command.kind === 'help') return print(helpText());
  if (command.kind === 'version') return print(`${version}\n`);
  if (command.kind === 'usage-error') return complainOfArguments(command.message);
  const stopped = command.kind === 'start' ? Promise.race([signalled(), readerGone]) : undefined;
  let emulator: Emulator;
  try {
    emulator = await startEmulator(command.options);
  } catch (error) {
    if (!(error instanceof EmulatorError)) throw error;
    if (error.code === 'port_unavailable') return complain(error.message, 1);
    const { option, message } = error;
    return complainOfArguments(option === undefined ? message : message.replace(option, typedName(option)));
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

/** Whoever reads the output may stop before its end, as `head` does: that is a way to end, and not an error. */
async function watchReader(): Promise<void> {
  return new Promise((resolve) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE') throw error;
        resolve();
      });
    }
  });
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function complainOfArguments(message: string): number {
  return complain(`${message}\nTry --help.`, 2);
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`msal-mi-emulator: ${message}\n`);
  return exitCode;
}
