/** The checks of a resource: the token is the issuer's, for this resource, and bound to the certificate presented. */
import { isUint8Array } from 'node:util/types';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { x5tS256 } from '../crypto/x509.js';
import { MsalMiError } from '../errors.js';
import { readMembers } from '../options/options.js';
import { summarizeForeignError } from '../secret.js';
import { keySetOf } from './key-set.js';
import type { MtlsPop } from './mtls-pop.js';
import { errorCodeOf, reporting } from './report.js';
import { MtlsPopRefusal, MtlsPopUnavailable, type MtlsPopRefusalReason } from './refusal.js';
import { invalid, parseVerifyOptions, type VerifyMtlsPopOptions, type VerifyRules } from './verify-options.js';

type Jose = typeof import('jose');

const INPUT_NAMES = ['authorization', 'peerCertificate'] as const;

/** Public-key algorithms only: with a shared-secret one, whoever knows the public key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CREDENTIALS = /^([!#$%&'*+.^_`|~\w-]+) +([\w\-.~+/]+=*)$/;
const THUMBPRINT = /^[\w-]{43}$/;
/** Tokens travel in a header: Node.js takes 16 KiB of headers unless it is told otherwise. */
const MAX_TOKEN_LENGTH = 64 * 1024;

/** jose's codes, and what they mean for a request. `ERR_JWT_CLAIM_VALIDATION_FAILED` is looked at more closely. */
const REASONS: Readonly<Record<string, MtlsPopRefusalReason>> = {
  ERR_JWS_INVALID: 'malformed_token',
  ERR_JWT_INVALID: 'malformed_token',
  ERR_JOSE_NOT_SUPPORTED: 'malformed_token',
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm_not_allowed',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'invalid_signature',
  ERR_JWT_EXPIRED: 'expired',
};
const KEY_NOT_PUBLISHED = new Set(['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_MULTIPLE_MATCHING_KEYS']);

/**
 * Verifies `Authorization: mtls_pop <token>` against the client certificate of the connection (RFC 8705 section 3): the
 * scheme in any case, the signature, issuer, audience, times, and that `cnf["x5t#S256"]` is the SHA-256 of the
 * certificate. Needs the package `jose`.
 *
 * The connection proves that the client holds the private key. Whether the certificate's authority is a trusted one does
 * not matter for that, and is not checked here.
 *
 * Each refusal is one line for `loggerOptions` and one event on `msal-mi-core:refusal`.
 *
 * @param input - What the request carries.
 * @param input.authorization - Value of the `Authorization` header.
 * @param input.peerCertificate - DER, from the TLS connection of this request.
 * @param options - Whose tokens, for which API.
 * @returns All claims of the token, and the thumbprint it is bound to.
 * @throws MtlsPopRefusal when the request must not be served; MsalMiError `invalid_configuration`,
 *   `resource_server_requires_jose`, or MtlsPopUnavailable when the keys cannot be had: none of these is the client's fault.
 */
export async function verifyMtlsPop(
  input: { authorization: string | undefined; peerCertificate: Uint8Array | undefined },
  options: VerifyMtlsPopOptions,
): Promise<MtlsPop> {
  const rules = parseVerifyOptions(options);
  if (typeof input !== 'object' || (input as unknown) === null) throw invalid('The first argument must be an object.');
  const { authorization, peerCertificate } = readMembers(input, INPUT_NAMES, invalid);
  return reporting(rules.loggerOptions, authorization, () => verify(authorization, peerCertificate, rules));
}

/** {@link verifyMtlsPop} for options that are known to be good; reports nothing. */
export async function verify(authorization: unknown, certificate: unknown, rules: VerifyRules): Promise<MtlsPop> {
  const token = parseAuthorization(authorization);
  if (certificate === undefined || certificate === null) throw new MtlsPopRefusal('no_certificate');
  if (!isUint8Array(certificate)) throw invalid('peerCertificate must be the bytes of the certificate (DER).');
  if (certificate.length === 0) throw new MtlsPopRefusal('no_certificate');
  const claims = await verifyToken(token, rules);
  const thumbprintS256 = x5tS256(certificate);
  const confirmed = confirmedThumbprint(claims);
  if (confirmed === undefined) throw new MtlsPopRefusal('not_bound');
  if (confirmed !== thumbprintS256) throw new MtlsPopRefusal('other_certificate');
  return { claims, thumbprintS256 };
}

function parseAuthorization(authorization: unknown): string {
  if (authorization === undefined || authorization === null) throw new MtlsPopRefusal('no_authorization');
  if (typeof authorization !== 'string' || authorization.length > MAX_TOKEN_LENGTH) {
    throw new MtlsPopRefusal('malformed_token');
  }
  const credentials = authorization.trim();
  if (credentials === '') throw new MtlsPopRefusal('no_authorization');
  const [scheme = ''] = credentials.split(/\s/, 1);
  if (scheme.toLowerCase() !== 'mtls_pop') throw new MtlsPopRefusal('wrong_scheme');
  const token = CREDENTIALS.exec(credentials)?.[2];
  if (token === undefined) throw new MtlsPopRefusal('malformed_token');
  return token;
}

async function verifyToken(token: string, rules: VerifyRules): Promise<JWTPayload> {
  const { issuer, audience, clockToleranceSeconds, requiredClaims } = rules;
  const jose = await loadJose();
  const getKey = keyFinder(rules, jose);
  let failure: Error | undefined;
  const noteFailure: JWTVerifyGetKey = async (header, jws) => {
    try {
      return await getKey(header, jws);
    } catch (error) {
      failure = whyWithoutKey(error);
      throw failure;
    }
  };
  try {
    const { payload } = await jose.jwtVerify(token, noteFailure, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: clockToleranceSeconds,
      requiredClaims: ['exp', ...requiredClaims],
    });
    return payload;
  } catch (error) {
    if (failure !== undefined) throw failure;
    // Anything that jose has no code for: the key is there and does not suit the algorithm that the token names.
    throw new MtlsPopRefusal(reasonOf(error) ?? 'unknown_key');
  }
}

function keyFinder({ jwks, maxKeySetAgeMs }: VerifyRules, jose: Jose): JWTVerifyGetKey {
  if (jwks instanceof URL) {
    const keySet = keySetOf(jwks, jose);
    return (...token) => keySet.find(maxKeySetAgeMs, ...token);
  }
  return async (...token) => {
    const key: unknown = await jwks(...token);
    if (typeof key !== 'object' || key === null) {
      throw new MtlsPopUnavailable(`The key of the token could not be had (the function returned ${typeof key}).`);
    }
    return key;
  };
}

/** The issuer does not publish the key, or nobody can tell whether it does. */
function whyWithoutKey(error: unknown): Error {
  const code = errorCodeOf(error);
  if (code !== undefined && KEY_NOT_PUBLISHED.has(code)) return new MtlsPopRefusal('unknown_key');
  return isUnavailable(error)
    ? error
    : new MtlsPopUnavailable(`The key of the token could not be had (${summarizeForeignError(error)}).`);
}

/** What a function for keys throws may fail when it is looked at. */
function isUnavailable(error: unknown): error is MtlsPopUnavailable {
  try {
    return error instanceof MtlsPopUnavailable;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): MtlsPopRefusalReason | undefined {
  const { code, claim, reason } = error as Record<'code' | 'claim' | 'reason', unknown>;
  if (code !== 'ERR_JWT_CLAIM_VALIDATION_FAILED') return typeof code === 'string' ? REASONS[code] : undefined;
  if (reason === 'check_failed' && claim === 'nbf') return 'not_yet_valid';
  if (claim === 'iss') return 'wrong_issuer';
  if (claim === 'aud') return 'wrong_audience';
  return 'missing_claim';
}

/** Own members only: a polluted Object.prototype binds no token. */
function confirmedThumbprint(claims: JWTPayload): string | undefined {
  const cnf = ownMember(claims, 'cnf');
  const value = typeof cnf === 'object' && cnf !== null ? ownMember(cnf, 'x5t#S256') : undefined;
  return typeof value === 'string' && THUMBPRINT.test(value) ? value : undefined;
}

function ownMember(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

async function loadJose(): Promise<Jose> {
  try {
    return await import('jose');
  } catch (error) {
    throw new MsalMiError('resource_server_requires_jose', {
      message: `The package jose cannot be loaded (${summarizeForeignError(error)}).`,
    });
  }
}
