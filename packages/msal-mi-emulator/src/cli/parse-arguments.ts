import { parseArgs } from 'node:util';
import type { EmulatedIdentity, EmulatorOptions } from '../types.js';

/** What the command line asks for. */
export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'start'; options: EmulatorOptions; asJson: boolean }
  | { kind: 'run'; options: EmulatorOptions; program: readonly string[] }
  | { kind: 'usage-error'; message: string };

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  seed: { type: 'string' },
  attestation: { type: 'string' },
  'token-lifetime': { type: 'string' },
  'certificate-lifetime': { type: 'string' },
  'refresh-in': { type: 'string' },
  'client-id': { type: 'string' },
  'tenant-id': { type: 'string' },
  identity: { type: 'string', multiple: true },
  'no-identity': { type: 'boolean' },
  'imds-version': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export const HELP = `msal-mi-emulator: managed identity with certificate-bound tokens, on loopback

Usage: msal-mi-emulator [options] [-- <program> [arguments]]

Starts IMDS, an attestation endpoint, Entra ID's mTLS token endpoint and two protected resources, and
runs until Ctrl-C, or as long as the program. The program finds everything in its environment:
AZURE_POD_IDENTITY_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS, EMULATOR_VAULT_URL, EMULATOR_API_URL,
EMULATOR_TOKEN_URL and EMULATOR_TENANT_ID. Development and tests only: it gives tokens to whoever asks.

  --port <n>                     port of IMDS; the others take the next four (default: free ports)
  --host <127.0.0.1|::1>         loopback address (default: both)
  --attestation <optional|required>
                                 refuse certificate requests without an attestation token (default: optional)
  --token-lifetime <seconds>     lifetime of access tokens (default: 86400)
  --certificate-lifetime <seconds>
                                 lifetime of client certificates (default: 604800)
  --refresh-in <seconds>         send refresh_in with every token (default: not sent)
  --client-id <guid>             client id of the system-assigned identity
  --tenant-id <guid>             tenant of all identities
  --identity <client-id>,<object-id>,<resource-id>
                                 a user-assigned identity; may be given several times
  --no-identity                  a VM without any identity: IMDS answers "Identity not found"
  --imds-version <1|2>           1: a VM whose IMDS has no version 2 (default: 2)
  --seed <text>                  same generated ids at every start
  --json                         print one line of JSON instead of text
  -h, --help                     print this
  -v, --version                  print the version

Exit codes: 0 stopped by Ctrl-C, 1 could not start, 2 wrong arguments; with a program, the program's.
`;

/** Reads arguments; values are checked by the emulator itself. */
export function parseArguments(args: string[]): Command {
  const end = args.indexOf('--');
  const program = end === -1 ? undefined : args.slice(end + 1);
  const own = end === -1 ? args : args.slice(0, end);
  let values;
  try {
    ({ values } = parseArgs({ args: own, options: OPTIONS, strict: true, allowPositionals: false }));
  } catch (error) {
    return { kind: 'usage-error', message: (error as Error).message };
  }
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const identities = values.identity?.map(parseIdentity);
  if (identities?.includes(undefined)) {
    return { kind: 'usage-error', message: '--identity must be <client-id>,<object-id>,<resource-id>' };
  }
  if (values['no-identity'] === true && identities !== undefined) {
    return { kind: 'usage-error', message: '--no-identity and --identity exclude each other' };
  }
  const options: Record<keyof EmulatorOptions, unknown> | object = {
    port: wholeNumber(values.port),
    host: values.host,
    seed: values.seed,
    attestation: values.attestation,
    tokenLifetimeSeconds: wholeNumber(values['token-lifetime']),
    certificateLifetimeSeconds: wholeNumber(values['certificate-lifetime']),
    refreshInSeconds: wholeNumber(values['refresh-in']),
    clientId: values['client-id'],
    tenantId: values['tenant-id'],
    ...(values['no-identity'] === true ? { systemAssigned: false, identities: [] } : { identities }),
    imdsVersion: wholeNumber(values['imds-version']),
  };
  if (program === undefined) return { kind: 'start', options, asJson: values.json ?? false };
  if (program.length === 0) return { kind: 'usage-error', message: '-- must be followed by a program' };
  if (values.json) return { kind: 'usage-error', message: '--json cannot be used with a program' };
  return { kind: 'run', options, program };
}

/** NaN for text that is no whole number: the emulator refuses it and names the option. */
function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function parseIdentity(text: string): EmulatedIdentity | undefined {
  const [clientId, objectId, resourceId, ...rest] = text.split(',');
  if (clientId === undefined || objectId === undefined || resourceId === undefined || rest.length > 0) return undefined;
  return { clientId, objectId, resourceId };
}
