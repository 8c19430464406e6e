import { isMsalMiError, MsalMiError } from '../errors.js';
import { isLoopbackHost } from '../loopback.js';
import { readMembers } from '../options/options.js';
import type { LoggerOptions } from '../public-types.js';

/** Returns the public key of a token. Written as a method, so that the resolvers of jose fit with their own parameter types. */
export type KeyResolver = {
  /**
   * Rejects or throws when it cannot get the key: then the answer is 503.
   *
   * @param header - Of the token, with `kid` and `alg`.
   * @param token - Its parts, not verified yet.
   */
  resolve(header?: object, token?: object): Promise<unknown>;
}['resolve'];

/** What a resource accepts. */
export interface VerifyMtlsPopOptions {
  /**
   * Value of `iss`. For Entra ID `https://login.microsoftonline.com/<tenant>/v2.0`, or `https://sts.windows.net/<tenant>/`
   * when the API's registration asks for tokens of version 1.
   */
  issuer: string | string[];
  /** Value of `aud`: the application ID URI or client id of the API. */
  audience: string | string[];
  /**
   * URL of the issuer's key set (https, or http on a loopback host), which is fetched when needed and kept; or a function
   * that returns the key for a token, as jose takes it.
   */
  jwks: URL | KeyResolver;
  /** How far clocks may be apart, in seconds. Default: 0. */
  clockToleranceSeconds?: number;
  /** Claims that the token must have besides `iss`, `aud`, `exp` and `cnf`. Default: none. */
  requiredClaims?: string[];
  /**
   * For how long the keys of a URL are used while it cannot be reached, in seconds from the last time that it could.
   * Between 600 and 604800 (seven days). Default: 86400 (24 hours). A function brings its own cache.
   */
  maxKeySetAgeSeconds?: number;
  /** Gets one line for each refusal, as msal-node's options of the same name. Default: only NODE_DEBUG=msal-mi shows it. */
  loggerOptions?: LoggerOptions;
}

/** {@link VerifyMtlsPopOptions}, checked, complete, and out of reach of whoever passed them. */
export interface VerifyRules {
  readonly issuer: string[];
  readonly audience: string[];
  readonly jwks: URL | KeyResolver;
  readonly clockToleranceSeconds: number;
  readonly requiredClaims: string[];
  readonly maxKeySetAgeMs: number;
  readonly loggerOptions: LoggerOptions | undefined;
}

const NAMES = new Set([
  'issuer',
  'audience',
  'jwks',
  'clockToleranceSeconds',
  'requiredClaims',
  'maxKeySetAgeSeconds',
  'loggerOptions',
]);
const LOGGER_NAMES = ['loggerCallback', 'logLevel'];
const MAX_TOLERANCE_S = 600;
const KEY_SET_AGE_S = { least: 600, default: 86_400, most: 604_800 };

/**
 * Reads each option once. An empty issuer or audience would switch its check off.
 *
 * @throws MsalMiError `invalid_configuration`.
 */
export function parseVerifyOptions(options: unknown): VerifyRules {
  return readOptions(() => {
    if (typeof options !== 'object' || options === null) throw invalid('The options must be an object.');
    const { issuer, audience, jwks, clockToleranceSeconds, requiredClaims, maxKeySetAgeSeconds, loggerOptions } =
      readMembers(options, NAMES, invalid);
    return {
      issuer: parseNames('issuer', issuer),
      audience: parseNames('audience', audience),
      jwks: parseKeySource(jwks),
      clockToleranceSeconds: parseSeconds('clockToleranceSeconds', clockToleranceSeconds ?? 0, 0, MAX_TOLERANCE_S),
      requiredClaims: parseClaimNames(requiredClaims),
      maxKeySetAgeMs:
        1_000 *
        parseSeconds(
          'maxKeySetAgeSeconds',
          maxKeySetAgeSeconds ?? KEY_SET_AGE_S.default,
          KEY_SET_AGE_S.least,
          KEY_SET_AGE_S.most,
        ),
      loggerOptions: parseLoggerOptions(loggerOptions),
    };
  });
}

/** Options may have getters and be proxies: whatever they throw is a bad option. */
export function readOptions<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isMsalMiError(error) ? error : invalid('An option cannot be read.');
  }
}

function parseNames(name: string, value: unknown): string[] {
  const names = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (names.length === 0 || !names.every(isName))
    throw invalid(`${name} must be a non-blank string or a list of them.`);
  return names;
}

function parseClaimNames(value: unknown): string[] {
  const names = value === undefined ? [] : Array.isArray(value) ? [...(value as unknown[])] : undefined;
  if (names?.every(isName) !== true) throw invalid('requiredClaims must be a list of names.');
  return names;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function parseKeySource(jwks: unknown): URL | KeyResolver {
  if (typeof jwks === 'function') return jwks as KeyResolver;
  const url = jwks instanceof URL ? new URL(jwks.href) : undefined;
  if (url === undefined || !isProtected(url)) {
    throw invalid('jwks must be an https URL or a function that returns the key.');
  }
  return url;
}

function isProtected({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

function parseSeconds(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw invalid(`${name} must be between ${least} and ${most}.`);
  }
  return value;
}

function parseLoggerOptions(value: unknown): LoggerOptions | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') throw invalid('loggerOptions must be an object.');
  const { loggerCallback, logLevel } = readMembers(value, LOGGER_NAMES, invalid);
  if (loggerCallback !== undefined && typeof loggerCallback !== 'function') {
    throw invalid('loggerOptions.loggerCallback must be a function.');
  }
  if (logLevel !== undefined && typeof logLevel !== 'number') throw invalid('loggerOptions.logLevel must be a number.');
  return {
    ...(loggerCallback !== undefined && {
      loggerCallback: loggerCallback as NonNullable<LoggerOptions['loggerCallback']>,
    }),
    ...(logLevel !== undefined && { logLevel }),
  };
}

export function invalid(message: string): MsalMiError {
  return new MsalMiError('invalid_configuration', { message });
}
