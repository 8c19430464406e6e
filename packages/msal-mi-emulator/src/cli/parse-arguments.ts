import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { EmulatedIdentity, EmulatorOptions } from '../types.js';
import { COMMAND_OPTIONS } from './command-options.js';

/** What the command line asks for. */
export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'start'; options: EmulatorOptions; asJson: boolean }
  | { kind: 'run'; options: EmulatorOptions; program: readonly string[] }
  | { kind: 'usage-error'; message: string };

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

const CONFIGURATION: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
  COMMAND_OPTIONS.map(({ flag, value, short, isMultiple }) => [
    flag,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      ...(short === undefined ? {} : { short }),
      ...(isMultiple ? { multiple: true } : {}),
    },
  ]),
);

/** Reads arguments; values are checked by the emulator itself. */
export function parseArguments(args: string[]): Command {
  const end = args.indexOf('--');
  const program = end === -1 ? undefined : args.slice(end + 1);
  const own = end === -1 ? args : args.slice(0, end);
  let values: Values;
  try {
    ({ values } = parseArgs({ args: own, options: CONFIGURATION, strict: true, allowPositionals: false }));
  } catch (error) {
    return { kind: 'usage-error', message: oneLine((error as Error).message) };
  }
  if (values['help']) return { kind: 'help' };
  if (values['version']) return { kind: 'version' };
  const contradiction = findContradiction(values, program);
  if (contradiction !== undefined) return { kind: 'usage-error', message: contradiction };
  const options = optionsOf(values) as EmulatorOptions;
  return program === undefined
    ? { kind: 'start', options, asJson: values['json'] === true }
    : { kind: 'run', options, program };
}

/** What Node.js says about its arguments, without the advice that does not fit here. */
function oneLine(message: string): string {
  const [, what = message] = /^([^\n]*?'[^']*'[^.\n]*)/.exec(message) ?? [];
  const isPositional = what.startsWith('Unexpected argument');
  return `${what[0]?.toLowerCase() ?? ''}${what.slice(1)}${isPositional ? ' (a program comes after --)' : ''}`;
}

function findContradiction(values: Values, program: readonly string[] | undefined): string | undefined {
  const identities = values['identity'] as string[] | undefined;
  if (identities?.some((identity) => parseIdentity(identity) === undefined)) {
    return '--identity must be <client-id>,<object-id>,<resource-id>';
  }
  if (values['no-identity'] && identities) return '--no-identity and --identity exclude each other';
  if (program?.length === 0) return '-- must be followed by a program';
  if (program && values['json']) return '--json cannot be used with a program';
  return undefined;
}

function optionsOf(values: Values): Partial<Record<keyof EmulatorOptions, unknown>> {
  const options: Partial<Record<keyof EmulatorOptions, unknown>> = {};
  for (const { flag, option, isNumber } of COMMAND_OPTIONS) {
    const value = values[flag];
    if (option !== undefined && value !== undefined) options[option] = isNumber ? wholeNumber(value as string) : value;
  }
  if (values['no-system-identity'] || values['no-identity']) options.systemAssigned = false;
  const identities = values['identity'] as string[] | undefined;
  if (values['no-identity']) options.identities = [];
  else if (identities) options.identities = identities.map(parseIdentity);
  return options;
}

/** NaN for text that is not a whole number: the emulator refuses it and names the option. */
function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function parseIdentity(text: string): EmulatedIdentity | undefined {
  const [clientId, objectId, resourceId, ...rest] = text.split(',');
  if (clientId === undefined || objectId === undefined || resourceId === undefined || rest.length > 0) return undefined;
  return { clientId, objectId, resourceId };
}
