import { createHash, randomUUID } from 'node:crypto';
import { EmulatorError } from './errors.js';
import { isRecord } from './is-record.js';
import type { EmulatedIdentity, EmulatorOptions, TokenNotAfter } from './types.js';

/** Options with every default filled in. */
export interface Configuration {
  port: number;
  /** Undefined: both loopback addresses. */
  host: '127.0.0.1' | '::1' | undefined;
  attestationRequired: boolean;
  tokenLifetimeSeconds: number;
  certificateLifetimeSeconds: number;
  tokenNotAfter: TokenNotAfter | undefined;
  attestationTokenLifetimeSeconds: number;
  refreshInSeconds: number | undefined;
  tenantId: string;
  systemAssigned: { clientId: string; objectId: string };
  /** False: IMDS does not know it. */
  hasSystemAssigned: boolean;
  identities: EmulatedIdentity[];
  imdsVersion: 1 | 2;
  cuId: { vmId?: string; vmssId?: string };
  subscriptionId: string;
  securityType: string;
  audiences: { handshake: string[]; vault: string[]; arm: string[] };
  bearerOnlyAudiences: string[];
  now: () => number;
}

const OPTION_NAMES: ReadonlySet<string> = new Set<keyof EmulatorOptions>([
  'port',
  'host',
  'seed',
  'attestation',
  'tokenLifetimeSeconds',
  'certificateLifetimeSeconds',
  'tokenNotAfter',
  'clientId',
  'tenantId',
  'systemAssigned',
  'identities',
  'imdsVersion',
  'refreshInSeconds',
  'attestationTokenLifetimeSeconds',
  'cuId',
  'securityType',
  'audiences',
  'bearerOnlyAudiences',
  'now',
]);
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TEN_YEARS_SECONDS = 315_360_000;
/** The six servers take consecutive ports. */
const HIGHEST_FIRST_PORT = 65_530;

/**
 * Checks options and fills in defaults.
 * @throws EmulatorError naming the option and what it accepts
 */
export function parseOptions(options: EmulatorOptions = {}): Configuration {
  try {
    return parse(options);
  } catch (error) {
    if (error instanceof EmulatorError) throw error;
    throw new EmulatorError('invalid_option', 'the options cannot be read: a getter or a proxy among them throws');
  }
}

function parse(given: EmulatorOptions): Configuration {
  if (!isRecord(given)) throw invalid('options', 'an object');
  // Each once: what is checked is what is used.
  const options: EmulatorOptions = { ...given };
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) throw invalid(name, `one of the known options: ${[...OPTION_NAMES].join(', ')}`);
  }
  const seed = optionalText(options.seed, 'seed');
  const newId = (purpose: string): string => (seed === undefined ? randomUUID() : seededUuid(seed, purpose));
  const attestation: unknown = options.attestation ?? 'optional';
  if (attestation !== 'optional' && attestation !== 'required')
    throw invalid('attestation', '"optional" or "required"');
  const now: unknown = options.now ?? Date.now;
  if (typeof now !== 'function') throw invalid('now', 'a function that returns milliseconds since 1970');
  return {
    port: parsePort(options.port),
    host: parseHost(options.host),
    attestationRequired: attestation === 'required',
    tokenLifetimeSeconds: lifetime(options.tokenLifetimeSeconds, 'tokenLifetimeSeconds') ?? 86_400,
    certificateLifetimeSeconds: lifetime(options.certificateLifetimeSeconds, 'certificateLifetimeSeconds') ?? 604_800,
    tokenNotAfter: parseTokenNotAfter(options.tokenNotAfter),
    attestationTokenLifetimeSeconds:
      lifetime(options.attestationTokenLifetimeSeconds, 'attestationTokenLifetimeSeconds') ?? 86_400,
    refreshInSeconds: lifetime(options.refreshInSeconds, 'refreshInSeconds'),
    tenantId: guid(options.tenantId, 'tenantId') ?? newId('tenant'),
    systemAssigned: { clientId: guid(options.clientId, 'clientId') ?? newId('client'), objectId: newId('object') },
    hasSystemAssigned: flag(options.systemAssigned, 'systemAssigned') ?? true,
    identities: parseIdentities(options.identities, newId),
    imdsVersion: parseImdsVersion(options.imdsVersion),
    cuId: parseCuId(options.cuId) ?? { vmId: newId('vm') },
    subscriptionId: newId('subscription'),
    securityType: optionalText(options.securityType, 'securityType') ?? 'TrustedLaunch',
    audiences: parseAudiences(options.audiences),
    bearerOnlyAudiences: texts(options.bearerOnlyAudiences, 'bearerOnlyAudiences'),
    now: now as () => number,
  };
}

function parsePort(port: unknown): number {
  if (port === undefined) return 0;
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= HIGHEST_FIRST_PORT) return port;
  throw invalid('port', `0 or a port up to ${HIGHEST_FIRST_PORT} (the five after it are used too)`);
}

function parseHost(host: unknown): Configuration['host'] {
  if (host === undefined || host === '127.0.0.1' || host === '::1') return host;
  throw new EmulatorError(
    'host_not_loopback',
    'host must be "127.0.0.1" or "::1": the emulator hands out tokens to whoever asks, so it listens on loopback only',
    { option: 'host' },
  );
}

function parseImdsVersion(version: unknown): 1 | 2 {
  if (version === undefined) return 2;
  if (version === 1 || version === 2) return version;
  throw invalid('imdsVersion', '1 or 2');
}

function parseIdentities(identities: unknown, newId: (purpose: string) => string): EmulatedIdentity[] {
  if (identities === undefined) {
    const group = `/subscriptions/${newId('subscription')}/resourceGroups/emulator`;
    const resourceId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/emulated`;
    return [{ clientId: newId('user-assigned client'), objectId: newId('user-assigned object'), resourceId }];
  }
  if (!Array.isArray(identities)) throw invalid('identities', 'an array of { clientId, objectId, resourceId }');
  return identities.map((identity: unknown, index) => {
    const name = `identities[${index}]`;
    if (!isRecord(identity)) throw invalid(name, '{ clientId, objectId, resourceId }');
    const clientId = guid(identity.clientId, `${name}.clientId`);
    const objectId = guid(identity.objectId, `${name}.objectId`);
    const resourceId = optionalText(identity.resourceId, `${name}.resourceId`);
    if (clientId === undefined || objectId === undefined || resourceId === undefined) {
      throw invalid(name, '{ clientId, objectId, resourceId }, all three');
    }
    return { clientId, objectId, resourceId };
  });
}

function parseCuId(cuId: unknown): Configuration['cuId'] | undefined {
  if (cuId === undefined) return undefined;
  if (!isRecord(cuId)) throw invalid('cuId', '{ vmId?, vmssId? }');
  const vmId = optionalText(cuId.vmId, 'cuId.vmId');
  const vmssId = optionalText(cuId.vmssId, 'cuId.vmssId');
  if (vmId === undefined && vmssId === undefined) throw invalid('cuId', 'an object with vmId or vmssId');
  return { ...(vmId === undefined ? {} : { vmId }), ...(vmssId === undefined ? {} : { vmssId }) };
}

function parseAudiences(audiences: unknown): Configuration['audiences'] {
  if (audiences === undefined) return { handshake: [], vault: [], arm: [] };
  if (!isRecord(audiences)) throw invalid('audiences', '{ handshake?: string[], vault?: string[], arm?: string[] }');
  return {
    handshake: texts(audiences.handshake, 'audiences.handshake'),
    vault: texts(audiences.vault, 'audiences.vault'),
    arm: texts(audiences.arm, 'audiences.arm'),
  };
}

function parseTokenNotAfter(value: unknown): TokenNotAfter | undefined {
  if (value === undefined) return undefined;
  const form = isRecord(value) ? value : { seconds: value };
  const { seconds, as = 'generalized-time', inSequence = false, ...rest } = form;
  const isValid =
    typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds >= 0 &&
    seconds <= TEN_YEARS_SECONDS &&
    (as === 'generalized-time' || as === 'utc-time') &&
    typeof inSequence === 'boolean' &&
    Object.keys(rest).length === 0;
  if (isValid) return { seconds, as, inSequence };
  const forms = "or { seconds, as?: 'generalized-time' | 'utc-time', inSequence? }";
  throw invalid('tokenNotAfter', `a whole number of seconds from 0 to ${TEN_YEARS_SECONDS}, ${forms}`);
}

function lifetime(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= TEN_YEARS_SECONDS) return value;
  throw invalid(name, `a whole number of seconds from 1 to ${TEN_YEARS_SECONDS}`);
}

function guid(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && GUID.test(value)) return value.toLowerCase();
  throw invalid(name, 'a GUID');
}

function flag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(name, 'true or false');
}

function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, 'a string');
}

function texts(value: unknown, name: string): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return [...value];
  throw invalid(name, 'an array of strings');
}

function invalid(name: string, accepted: string): EmulatorError {
  return new EmulatorError('invalid_option', `${name} must be ${accepted}`, { option: name });
}

/** A version 8 UUID (RFC 9562 section 5.8) made of a hash, so that a seed gives the same ids at every start. */
function seededUuid(seed: string, purpose: string): string {
  const bytes = createHash('sha256').update(`msal-mi-emulator\0${purpose}\0${seed}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
