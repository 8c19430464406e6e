import { COMMAND_OPTIONS, type CommandOption } from './command-options.js';

const COLUMNS = 80;
const INDENT = 2;
/** Where the meaning of an option begins. */
const MEANING_COLUMN = 33;

/** What `--help` prints: no line is longer than 80 columns. */
export function helpText(): string {
  return [
    'msal-mi-emulator: managed identity with certificate-bound tokens, on loopback',
    '',
    'Usage: msal-mi-emulator [options] [-- <program> [arguments]]',
    '',
    ...wrap(
      'Starts IMDS, an attestation endpoint, the mTLS token endpoint of Entra ID and protected resources (an ' +
        'API, Key Vault, Storage, Azure Resource Manager). It runs until Ctrl-C, or as long as the program, which ' +
        'finds everything in its environment: AZURE_POD_IDENTITY_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS, ' +
        'EMULATOR_API_URL, EMULATOR_VAULT_URL, EMULATOR_STORAGE_URL, EMULATOR_ARM_URL, EMULATOR_TOKEN_URL, ' +
        'EMULATOR_TENANT_ID, EMULATOR_CLIENT_ID and EMULATOR_SUBSCRIPTION_ID.',
      COLUMNS,
    ),
    '',
    'Development and tests only: it gives tokens to whoever asks on this machine.',
    '',
    'Options:',
    ...COMMAND_OPTIONS.flatMap(describe),
    '',
    'Exit codes:',
    '  0  stopped',
    '  1  could not start',
    '  2  wrong arguments',
    '  With a program: the code of the program.',
    '',
    'Documentation: README.md of this package, or "npm docs msal-mi-emulator".',
    '',
  ].join('\n');
}

/** Breaks text into lines of at most so many columns, between words. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function describe({ flag, value, short, help }: CommandOption): string[] {
  const typed = [short === undefined ? `--${flag}` : `-${short}, --${flag}`, value].filter(Boolean).join(' ');
  const head = ' '.repeat(INDENT) + typed;
  const [first = '', ...rest] = wrap(help, COLUMNS - MEANING_COLUMN).map((line) => ' '.repeat(MEANING_COLUMN) + line);
  const fits = head.length < MEANING_COLUMN - 1;
  return fits ? [head + first.slice(head.length), ...rest] : [head, first, ...rest];
}
