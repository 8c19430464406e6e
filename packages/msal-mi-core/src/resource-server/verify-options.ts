import { refusePollution } from '../options/bad-input.js';
import { MsalMiError } from '../errors.js';

/** Returns the public key of a token. Written as a method, so that the resolvers of jose fit with their own parameter types. */
export type KeyResolver = { resolve(header?: object, token?: object): Promise<unknown> }['resolve'];

/** What a resource accepts. */
export interface VerifyMtlsPopOptions {
  /** Value of `iss`; for Entra ID `https://login.microsoftonline.com/<tenant>/v2.0`. */
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
}

/** With that of the middleware, which is read from the same object. */
const NAMES = new Set([
  'issuer',
  'audience',
  'jwks',
  'clockToleranceSeconds',
  'requiredClaims',
  'forwardedCertificate',
]);
const MAX_TOLERANCE_S = 600;

/**
 * An empty issuer or audience would switch its check off.
 *
 * @throws MsalMiError `invalid_configuration`.
 */
export function checkVerifyOptions(options: unknown): asserts options is VerifyMtlsPopOptions {
  if (typeof options !== 'object' || options === null) throw invalid('The options must be an object.');
  refusePollution(options, NAMES, invalid);
  const { issuer, audience, jwks, clockToleranceSeconds, requiredClaims } = options as Record<string, unknown>;
  if (!isNames(issuer)) throw invalid('issuer must be a non-blank string or a list of them.');
  if (!isNames(audience)) throw invalid('audience must be a non-blank string or a list of them.');
  if (typeof jwks !== 'function' && !(jwks instanceof URL && isProtected(jwks))) {
    throw invalid('jwks must be an https URL or a function that returns the key.');
  }
  const tolerance = clockToleranceSeconds ?? 0;
  if (typeof tolerance !== 'number' || !(tolerance >= 0 && tolerance <= MAX_TOLERANCE_S)) {
    throw invalid(`clockToleranceSeconds must be between 0 and ${MAX_TOLERANCE_S}.`);
  }
  if (requiredClaims !== undefined && !(Array.isArray(requiredClaims) && requiredClaims.every(isName))) {
    throw invalid('requiredClaims must be a list of names.');
  }
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(isName) : isName(value);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function isProtected({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname));
}

export function invalid(message: string): MsalMiError {
  return new MsalMiError('invalid_configuration', { message });
}
