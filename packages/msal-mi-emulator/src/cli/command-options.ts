import type { EmulatorOptions } from '../types.js';

/** An option of the command line. */
export interface CommandOption {
  /** As it is typed, without the dashes. */
  flag: string;
  /** What follows it; undefined for a switch. */
  value?: string;
  /** A letter that stands for it. */
  short?: string;
  /** Whether it may be given several times. */
  isMultiple?: boolean;
  /** The option of the emulator that its value becomes. */
  option?: keyof EmulatorOptions;
  isNumber?: boolean;
  /** What it means, its unit and its default. */
  help: string;
}

/** Every option of the command line, in the order of the help. */
export const COMMAND_OPTIONS: readonly CommandOption[] = [
  {
    flag: 'port',
    value: '<n>',
    option: 'port',
    isNumber: true,
    help:
      'port of IMDS; token endpoint, attestation, the handshake and vault resources and Azure Resource Manager ' +
      'take the next five, in this order (default: free ports)',
  },
  {
    flag: 'host',
    value: '<127.0.0.1|::1>',
    option: 'host',
    help: 'loopback address to listen on (default: both)',
  },
  {
    flag: 'attestation',
    value: '<optional|required>',
    option: 'attestation',
    help: 'required: refuse certificate requests without an attestation token (default: optional)',
  },
  {
    flag: 'token-lifetime',
    value: '<seconds>',
    option: 'tokenLifetimeSeconds',
    isNumber: true,
    help: 'lifetime of access tokens (default: 86400)',
  },
  {
    flag: 'certificate-lifetime',
    value: '<seconds>',
    option: 'certificateLifetimeSeconds',
    isNumber: true,
    help: 'lifetime of client certificates (default: 604800)',
  },
  {
    flag: 'token-not-after',
    value: '<seconds>',
    option: 'tokenNotAfter',
    isNumber: true,
    help:
      'write into client certificates that the token endpoint refuses them so long after their issue, with ' +
      'AADSTS1000901 (default: not written)',
  },
  {
    flag: 'refresh-in',
    value: '<seconds>',
    option: 'refreshInSeconds',
    isNumber: true,
    help: 'send refresh_in with every token (default: not sent)',
  },
  {
    flag: 'bearer-only',
    value: '<resource>',
    option: 'bearerOnlyAudiences',
    isMultiple: true,
    help:
      'a resource for which bound tokens are refused, with AADSTS392196; may be given several times (default: ' +
      'Azure Resource Manager of the emulator)',
  },
  {
    flag: 'client-id',
    value: '<guid>',
    option: 'clientId',
    help: 'client id of the system-assigned identity (default: generated)',
  },
  { flag: 'tenant-id', value: '<guid>', option: 'tenantId', help: 'tenant of all identities (default: generated)' },
  {
    flag: 'identity',
    value: '<client-id>,<object-id>,<resource-id>',
    option: 'identities',
    isMultiple: true,
    help: 'a user-assigned identity; may be given several times (default: one, generated)',
  },
  {
    flag: 'no-system-identity',
    help: 'a VM without system-assigned identity: a request that names no identity means the only user-assigned one, or is asked which',
  },
  { flag: 'no-identity', help: 'a VM without any identity: IMDS answers "Identity not found"' },
  {
    flag: 'imds-version',
    value: '<1|2>',
    option: 'imdsVersion',
    isNumber: true,
    help: '1: a VM whose IMDS has no version 2 (default: 2)',
  },
  { flag: 'seed', value: '<text>', option: 'seed', help: 'the same generated ids at every start (default: random)' },
  { flag: 'json', help: 'print one line of JSON instead of text' },
  { flag: 'help', short: 'h', help: 'print this' },
  { flag: 'version', short: 'v', help: 'print the version' },
];

/**
 * What the user typed for an option of the emulator.
 * @param option `port`, or with a path: `identities[0].clientId`
 */
export function typedName(option: string): string {
  const [, name = option, member] = /^(\w+)(?:\[\d+\])?(?:\.(\w+))?$/.exec(option) ?? [];
  const known = COMMAND_OPTIONS.find((one) => one.option === name);
  if (!known) return option;
  const kebab = member?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return kebab === undefined ? `--${known.flag}` : `<${kebab}> of --${known.flag}`;
}
