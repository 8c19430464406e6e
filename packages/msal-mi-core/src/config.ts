/** Validates, completes and freezes the configuration. The only reader of `process.env`. */
import { readFileSync } from 'node:fs';
import { invalidConfiguration, readable, readMembers, type UncheckedOptions } from './options/options.js';
import { namesOf, refuseIdentityLookAlikes, spellingOf } from './options/identity-members.js';
import { ManagedIdentityError } from './errors.js';
import { DISABLE_IMDS_V2, IMDS_ADDRESS } from './hosts.js';
import { isJsonObject } from './json.js';
import type { HostEnvironment, ManagedIdentity } from './model.js';
import type {
  AttestationProvider,
  INetworkModule,
  LoggerOptions,
  ManagedIdentityConfiguration,
} from './public-types.js';

export interface Configuration {
  readonly identity: ManagedIdentity;
  /** Origin of IMDS, without trailing slash. */
  readonly imdsBase: string;
  readonly clientCapabilities: readonly string[];
  readonly loggerOptions: LoggerOptions | undefined;
  readonly networkClient: INetworkModule | undefined;
  readonly retriesEnabled: boolean;
  readonly timeoutMs: number | undefined;
  /** PEM. Empty when only the default authorities are trusted. */
  readonly trustedAuthorities: readonly string[];
  readonly attestationProvider: AttestationProvider | undefined;
  readonly environment: HostEnvironment;
  readonly persistCertificates: boolean;
  /** Hosts that IMDS may name: names, and `*.` followed by a domain. Undefined: any. */
  readonly allowedHosts: readonly string[] | undefined;
  /** The kill switch for version 2 of IMDS (D32). */
  readonly isVersion2Disabled: boolean;
  /** Members that nothing reads. */
  readonly unknownMembers: readonly string[];
  /** NODE_TLS_REJECT_UNAUTHORIZED=0 asks for connections whose server is not verified. None of ours obeys. */
  readonly isVerificationSwitchedOff: boolean;
  /** HTTPS_PROXY is set. Connections with software keys do not use it. */
  readonly isProxyNamed: boolean;
  /** What msal-node knows of it, for the delegate that serves bearer requests. */
  readonly ofMsalNode: ManagedIdentityConfiguration;
}

/** Members of a ManagedIdentityConfiguration. */
export const CONFIGURATION_NAMES: ReadonlySet<string> = new Set([
  'managedIdentityIdParams',
  'system',
  'clientCapabilities',
  'attestationProvider',
]);
const SYSTEM_NAMES = new Set(['ca', 'disableInternalRetries', 'loggerOptions', 'networkClient', 'timeout']);
/** Members of managedIdentityIdParams, by what they are called at IMDS. */
const MEMBER_OF = {
  client_id: 'userAssignedClientId',
  mi_res_id: 'userAssignedResourceId',
  object_id: 'userAssignedObjectId',
} as const;
const IDENTITY_NAMES: ReadonlySet<string> = new Set(Object.values(MEMBER_OF));
const LOGGER_NAMES = ['loggerCallback', 'logLevel', 'piiLoggingEnabled'];
const ALLOWED_HOST =
  /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$|^\[[0-9a-f:.]+\]$/;
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** @throws ManagedIdentityError `invalid_configuration`, `invalid_managed_identity_id_type`, `invalid_managed_identity_endpoint`. */
export function parseConfiguration(
  configuration: ManagedIdentityConfiguration | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Configuration {
  return readable(invalidConfiguration, () => parse(configuration ?? {}, env));
}

/** Reads every member once: what is checked is what is used, here and by the delegate that serves bearer requests. */
function parse(given: unknown, env: Readonly<Record<string, string | undefined>>): Configuration {
  if (typeof given === 'string') throw invalidConfiguration(`The configuration is not an object. ${spellingOf('')}`);
  const members = membersOf('The configuration', given, CONFIGURATION_NAMES);
  refuseIdentityLookAlikes('The configuration', given as object, CONFIGURATION_NAMES, invalidIdentity);
  const givenSystem = members['system'] ?? {};
  const system = membersOf('system', givenSystem, SYSTEM_NAMES);
  const identity = parseIdentity(members['managedIdentityIdParams']);
  const clientCapabilities = parseCapabilities(members['clientCapabilities']);
  const loggerOptions = parseLoggerOptions(system['loggerOptions']);
  const networkClient = parseNetworkClient(system['networkClient']);
  const disableInternalRetries = parseBoolean('system.disableInternalRetries', system['disableInternalRetries']);
  return Object.freeze({
    identity,
    imdsBase: parseImdsBase(env['AZURE_POD_IDENTITY_AUTHORITY_HOST']),
    clientCapabilities,
    loggerOptions,
    networkClient,
    retriesEnabled: !disableInternalRetries,
    timeoutMs: parseTimeout(system['timeout']),
    trustedAuthorities: parseAuthorities(system['ca']),
    attestationProvider: parseProvider(members['attestationProvider']),
    environment: readHostEnvironment(env),
    allowedHosts: parseAllowedHosts(env['MSAL_MI_IMDSV2_ALLOWED_HOSTS']),
    persistCertificates: !isSwitchedOn(env['MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE']),
    isVersion2Disabled: isSwitchedOn(env[DISABLE_IMDS_V2]),
    unknownMembers: Object.freeze([
      ...unknownNames(given as object, CONFIGURATION_NAMES),
      ...unknownNames(givenSystem, SYSTEM_NAMES).map((name) => `system.${name}`),
    ]),
    isVerificationSwitchedOff: env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
    isProxyNamed: (readProxyEnvironment(env).httpsProxy ?? '').trim() !== '',
    ofMsalNode: Object.freeze({
      ...(identity.kind !== 'system' && { managedIdentityIdParams: { [MEMBER_OF[identity.kind]]: identity.id } }),
      ...(clientCapabilities.length > 0 && { clientCapabilities: [...clientCapabilities] }),
      system: {
        ...(loggerOptions && { loggerOptions }),
        ...(networkClient && { networkClient }),
        ...(disableInternalRetries && { disableInternalRetries }),
      },
    }),
  });
}

/** How the process was told to leave for the Internet: HTTPS_PROXY and NO_PROXY, in upper or lower case. */
export function readProxyEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): {
  httpsProxy: string | undefined;
  noProxy: string | undefined;
} {
  return {
    httpsProxy: env['HTTPS_PROXY'] ?? env['https_proxy'],
    noProxy: env['NO_PROXY'] ?? env['no_proxy'],
  };
}

/** Proxies that the Azure SDK takes from the environment by itself, whatever options it was given. */
export function proxiesOfEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy', 'HTTP_PROXY', 'http_proxy'];
  return names.map((name) => env[name]).filter((value) => value !== undefined && value !== '') as string[];
}

/** Authorities the process was started with, for runtimes that do not tell (Node.js before 22.15). PEM. */
export function readExtraAuthorities(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const path = env['NODE_EXTRA_CA_CERTS'];
  if (path === undefined || path === '') return [];
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    return []; // Node.js itself only warns about an unreadable file.
  }
}

function parseIdentity(params: unknown): ManagedIdentity {
  if (params === undefined || params === null) return { kind: 'system', id: '' };
  if (typeof params === 'string') {
    throw invalidConfiguration(`managedIdentityIdParams is not an object. ${spellingOf('')}`);
  }
  const ids = membersOf('managedIdentityIdParams', params, IDENTITY_NAMES);
  const [unknown] = unknownNames(params, IDENTITY_NAMES);
  if (unknown !== undefined) {
    throw invalidIdentity(`managedIdentityIdParams has no member ${JSON.stringify(unknown)}. ${spellingOf(unknown)}`);
  }
  const kinds = Object.keys(MEMBER_OF) as Array<keyof typeof MEMBER_OF>;
  const given = kinds
    .map((kind) => [kind, ids[MEMBER_OF[kind]]] as const)
    .filter(([, id]) => id !== undefined && id !== null);
  if (given.length > 1) throw invalidIdentity('More than one user-assigned id was given.');
  const [first] = given;
  if (first === undefined) return { kind: 'system', id: '' };
  const [kind, id] = first;
  if (typeof id !== 'string' || id.trim() === '')
    throw invalidIdentity('The user-assigned id must be a non-blank string.');
  if (/\p{Cc}/u.test(id)) throw invalidIdentity('The user-assigned id contains a control character.');
  return { kind, id: id.trim() };
}

/** The address of IMDS, or what is wrong with the override (D6). */
function parseImdsBase(value: string | undefined): string {
  const text = value?.trim() ?? '';
  if (text === '') return IMDS_ADDRESS;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new ManagedIdentityError('invalid_managed_identity_endpoint');
  }
  if (url.username !== '' || url.password !== '') {
    throw new ManagedIdentityError('invalid_managed_identity_endpoint', {
      message: 'AZURE_POD_IDENTITY_AUTHORITY_HOST must not carry a user name or password.',
    });
  }
  return url.origin;
}

/** D16. */
function parseAllowedHosts(value: string | undefined): readonly string[] | undefined {
  const entries = (value ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  const given = entries.filter((entry) => entry !== '');
  if (given.length === 0) return undefined;
  if (!given.every((entry) => ALLOWED_HOST.test(entry))) {
    throw invalidConfiguration(
      'MSAL_MI_IMDSV2_ALLOWED_HOSTS must be host names, or *. followed by a domain, separated by commas.',
    );
  }
  return Object.freeze(given);
}

function parseCapabilities(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (!Array.isArray(value) || !list.every((item) => typeof item === 'string' && item.trim() !== '')) {
    throw invalidConfiguration('clientCapabilities must be an array of non-blank strings.');
  }
  return Object.freeze(list as string[]);
}

function parseLoggerOptions(value: unknown): LoggerOptions | undefined {
  if (value === undefined || value === null) return undefined;
  const { loggerCallback, logLevel, piiLoggingEnabled } = membersOf('system.loggerOptions', value, LOGGER_NAMES);
  if (loggerCallback !== undefined && loggerCallback !== null && typeof loggerCallback !== 'function') {
    throw invalidConfiguration('system.loggerOptions.loggerCallback must be a function.');
  }
  if (logLevel !== undefined && logLevel !== null && (typeof logLevel !== 'number' || Number.isNaN(logLevel))) {
    throw invalidConfiguration('system.loggerOptions.logLevel must be a number.');
  }
  return Object.freeze({
    ...(typeof loggerCallback === 'function' && {
      loggerCallback: loggerCallback as NonNullable<LoggerOptions['loggerCallback']>,
    }),
    ...(typeof logLevel === 'number' && { logLevel }),
    piiLoggingEnabled: parseBoolean('system.loggerOptions.piiLoggingEnabled', piiLoggingEnabled),
  });
}

function parseNetworkClient(value: unknown): INetworkModule | undefined {
  if (value === undefined || value === null) return undefined;
  if (
    !isJsonObject(value) ||
    typeof value['sendGetRequestAsync'] !== 'function' ||
    typeof value['sendPostRequestAsync'] !== 'function'
  ) {
    throw invalidConfiguration('system.networkClient must have sendGetRequestAsync and sendPostRequestAsync.');
  }
  return value as unknown as INetworkModule;
}

function parseTimeout(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !(value > 0) || value > MAX_TIMEOUT_MS) {
    throw invalidConfiguration('system.timeout must be a positive number of milliseconds.');
  }
  return value;
}

function parseAuthorities(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (!list.every((item) => typeof item === 'string' && item.includes('-----BEGIN CERTIFICATE-----'))) {
    throw invalidConfiguration('system.ca must be a PEM certificate or an array of them.');
  }
  return Object.freeze(list as string[]);
}

function parseProvider(value: unknown): AttestationProvider | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw invalidConfiguration('attestationProvider must be an object.');
  return value as unknown as AttestationProvider;
}

/** What the variables of .NET's library mean by "on", in any case. */
function isSwitchedOn(value: string | undefined): boolean {
  return ['1', 'true'].includes((value ?? '').trim().toLowerCase());
}

function parseBoolean(name: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw invalidConfiguration(`${name} must be true or false.`);
  return value;
}

function readHostEnvironment(env: Readonly<Record<string, string | undefined>>): HostEnvironment {
  const read = (name: string) => (env[name] === '' ? undefined : env[name]);
  return Object.freeze({
    identityEndpoint: read('IDENTITY_ENDPOINT'),
    identityHeader: read('IDENTITY_HEADER'),
    identityServerThumbprint: read('IDENTITY_SERVER_THUMBPRINT'),
    msiEndpoint: read('MSI_ENDPOINT'),
    msiSecret: read('MSI_SECRET'),
    imdsEndpoint: read('IMDS_ENDPOINT'),
    programFiles: read('ProgramFiles'),
    regionName: read('REGION_NAME'),
    forcedRegion: read('MSAL_FORCE_REGION'),
  });
}

function membersOf(what: string, value: unknown, names: Iterable<string>): UncheckedOptions {
  if (!isJsonObject(value)) throw invalidConfiguration(`${what} must be an object.`);
  return readMembers(value, names, invalidConfiguration);
}

function unknownNames(options: object, known: ReadonlySet<string>): string[] {
  return namesOf(options).filter((name) => !known.has(name));
}

function invalidIdentity(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_managed_identity_id_type', { message });
}
