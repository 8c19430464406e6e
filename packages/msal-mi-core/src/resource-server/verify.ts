/** The checks of a resource: the token is the issuer's, for this resource, and bound to the certificate presented. */
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { x5tS256 } from '../crypto/thumbprint.js';
import { MsalMiError } from '../errors.js';
import { summarizeForeignError } from '../secret.js';
import { MtlsPopRefusal, type MtlsPopRefusalReason } from './refusal.js';
import { checkVerifyOptions, type VerifyMtlsPopOptions } from './verify-options.js';

type Jose = typeof import('jose');

/** Public-key algorithms only: with a shared-secret one, whoever knows the public key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CREDENTIALS = /^([!#$%&'*+.^_`|~\w-]+) +([\w\-.~+/]+=*)$/;
const THUMBPRINT = /^[\w-]{43}$/;
const MAX_KEY_SETS = 100;

/** jose's codes, and what they mean for a request. `ERR_JWT_CLAIM_VALIDATION_FAILED` is looked at more closely. */
const REASONS: Readonly<Record<string, MtlsPopRefusalReason>> = {
  ERR_JWS_INVALID: 'malformed_token',
  ERR_JWT_INVALID: 'malformed_token',
  ERR_JOSE_NOT_SUPPORTED: 'malformed_token',
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm_not_allowed',
  ERR_JWKS_NO_MATCHING_KEY: 'unknown_key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'unknown_key',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'invalid_signature',
  ERR_JWT_EXPIRED: 'expired',
};

const keySets = new Map<string, JWTVerifyGetKey>();

/**
 * Verifies `Authorization: mtls_pop <token>` against the client certificate of the connection (RFC 8705 section 3): the
 * scheme in any case, the signature, issuer, audience, times, and that `cnf["x5t#S256"]` is the SHA-256 of the
 * certificate. Needs the package `jose`.
 *
 * The connection proves that the client holds the private key. Whether the certificate's authority is a trusted one does
 * not matter for that, and is not checked here.
 *
 * @param input.peerCertificate - DER, from the TLS connection of this request.
 * @returns All claims of the token, and the thumbprint it is bound to.
 * @throws MtlsPopRefusal when the request must not be served; MsalMiError `invalid_configuration`,
 *   `resource_server_requires_jose`, or `key_set_unavailable` when the keys cannot be had: none of these is the client's fault.
 */
export async function verifyMtlsPop(
  input: { authorization: string | undefined; peerCertificate: Uint8Array | undefined },
  options: VerifyMtlsPopOptions,
): Promise<{ claims: Record<string, unknown>; thumbprintS256: string }> {
  checkVerifyOptions(options);
  const token = parseAuthorization(input.authorization);
  const { peerCertificate } = input;
  if (peerCertificate === undefined || peerCertificate.length === 0) throw new MtlsPopRefusal('no_certificate');
  const claims = await verifyToken(token, options);
  const thumbprintS256 = x5tS256(peerCertificate);
  const confirmed = confirmedThumbprint(claims);
  if (confirmed === undefined) throw new MtlsPopRefusal('not_bound');
  if (confirmed !== thumbprintS256) throw new MtlsPopRefusal('other_certificate');
  return { claims, thumbprintS256 };
}

function parseAuthorization(authorization: string | undefined): string {
  if (authorization === undefined || authorization.trim() === '') throw new MtlsPopRefusal('no_authorization');
  const [scheme = ''] = authorization.trim().split(/\s/, 1);
  if (scheme.toLowerCase() !== 'mtls_pop') throw new MtlsPopRefusal('wrong_scheme');
  const token = CREDENTIALS.exec(authorization.trim())?.[2];
  if (token === undefined) throw new MtlsPopRefusal('malformed_token');
  return token;
}

async function verifyToken(token: string, options: VerifyMtlsPopOptions): Promise<JWTPayload> {
  const { issuer, audience, jwks, clockToleranceSeconds = 0, requiredClaims = [] } = options;
  const jose = await loadJose();
  const getKey = jwks instanceof URL ? keySetOf(jwks, jose) : (jwks as JWTVerifyGetKey);
  let failure: unknown;
  const noteFailure: JWTVerifyGetKey = async (header, jws) => {
    try {
      return await getKey(header, jws);
    } catch (error) {
      failure = error;
      throw error;
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
    const reason = reasonOf(error);
    if (reason !== undefined) throw new MtlsPopRefusal(reason);
    // The key is there and does not suit the algorithm that the token names.
    if (error !== failure) throw new MtlsPopRefusal('unknown_key');
    throw new MsalMiError('key_set_unavailable', {
      stage: 'resource',
      message: `The key of the token could not be had (${summarizeForeignError(error)}).`,
    });
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

function confirmedThumbprint({ cnf }: JWTPayload): string | undefined {
  const value = typeof cnf === 'object' && cnf !== null ? (cnf as Record<string, unknown>)['x5t#S256'] : undefined;
  return typeof value === 'string' && THUMBPRINT.test(value) ? value : undefined;
}

/** One per URL, so that all requests share the keys and the pauses between attempts to fetch them. */
function keySetOf(url: URL, { createRemoteJWKSet }: Jose): JWTVerifyGetKey {
  let keySet = keySets.get(url.href);
  if (keySet === undefined) {
    if (keySets.size >= MAX_KEY_SETS) keySets.clear();
    keySet = createRemoteJWKSet(url);
    keySets.set(url.href, keySet);
  }
  return keySet;
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
