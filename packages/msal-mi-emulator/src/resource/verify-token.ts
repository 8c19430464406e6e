import type { X509Certificate } from 'node:crypto';
import { JwtError, type Claims } from '../crypto/jwt.js';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import { isOwnIssuer } from '../token/access-token.js';
import { confirmedThumbprint } from '../token/confirmation.js';
import { isOfAudience } from '../token/entra-refusals.js';
import type { World } from '../world.js';
import { CERTIFICATE_REFUSALS } from './certificate-refusals.js';

/** Why a resource refused a request; the word that its JSON answer carries as `reason`. */
export type RefusalReason =
  | 'no_authorization'
  | 'wrong_scheme'
  | 'no_certificate'
  | 'untrusted_certificate'
  | 'invalid_token'
  | 'expired'
  | 'wrong_audience'
  | 'not_bound'
  | 'other_certificate'
  | 'insufficient_claims';

/** A refusal, and one sentence for people. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
  /** Error code of the body. Default `Unauthorized`. */
  code?: string;
}

/** Who calls, proven by the token, and by the certificate where the token is bound to one. */
export interface Caller {
  claims: Claims;
  /** `x5t#S256` of the presented certificate, equal to the token's confirmation claim; undefined for a bearer token. */
  thumbprintS256: string | undefined;
}

/**
 * Verifies `Authorization: mtls_pop <token>` against the certificate of the connection (RFC 8705 section 3): scheme, certificate,
 * signature, issuer, times, audience, and `cnf["x5t#S256"]` equal to the SHA-256 of the certificate.
 * @param audiences accepted audiences; a trailing slash makes no difference
 */
export function verifyBoundToken(
  authorization: string | undefined,
  certificate: X509Certificate | undefined,
  audiences: readonly string[],
  world: World,
): Caller | Refusal {
  const token = tokenOf(authorization, 'mtls_pop');
  if (typeof token !== 'string') return token;
  if (!certificate) return CERTIFICATE_REFUSALS.MtlsMissingClientCertificate;
  const defect = world.authority.findDefect(certificate);
  if (defect) return { reason: 'untrusted_certificate', message: `the client certificate is refused: ${defect}` };
  const verified = verifyToken(token, audiences, world);
  if ('reason' in verified) return verified;
  const confirmed = confirmedThumbprint(verified.claims);
  if (confirmed === undefined) return { reason: 'not_bound', message: 'the token has no cnf["x5t#S256"]' };
  const presented = thumbprintS256(certificate.raw);
  if (confirmed !== presented) return CERTIFICATE_REFUSALS.MtlsCnfClaimRequestDataValidationFailed;
  return { claims: verified.claims, thumbprintS256: presented };
}

/**
 * Verifies `Authorization: Bearer <token>`: scheme, signature, issuer, times, audience. A bound token is refused.
 * @param audiences accepted audiences; a trailing slash makes no difference
 */
export function verifyBearerToken(
  authorization: string | undefined,
  audiences: readonly string[],
  world: World,
): Caller | Refusal {
  const token = tokenOf(authorization, 'bearer');
  if (typeof token !== 'string') return token;
  const verified = verifyToken(token, audiences, world);
  if ('reason' in verified) return verified;
  if (confirmedThumbprint(verified.claims) !== undefined) return CERTIFICATE_REFUSALS['bound-token-as-bearer'];
  return { claims: verified.claims, thumbprintS256: undefined };
}

function tokenOf(authorization: string | undefined, wanted: 'mtls_pop' | 'bearer'): string | Refusal {
  if (authorization === undefined) return { reason: 'no_authorization', message: 'there is no Authorization header' };
  const [, scheme, token] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme?.toLowerCase() === wanted && token !== undefined) return token;
  if (wanted === 'mtls_pop' && scheme?.toLowerCase() === 'bearer' && token !== undefined && saysItIsBound(token)) {
    return CERTIFICATE_REFUSALS['bound-token-as-bearer'];
  }
  return { reason: 'wrong_scheme', message: `the Authorization scheme is not ${wanted}` };
}

function saysItIsBound(token: string): boolean {
  try {
    return (
      confirmedThumbprint(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims) !==
      undefined
    );
  } catch {
    return false;
  }
}

function verifyToken(token: string, audiences: readonly string[], world: World): { claims: Claims } | Refusal {
  try {
    const claims = world.tokenIssuer.verify(token, {
      issuer: (issuer) => isOwnIssuer(world, issuer),
      audience: (audience) => isOfAudience(audience, audiences),
      nowMs: world.configuration.now(),
    });
    return { claims };
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    const reason =
      error.reason === 'expired' ? 'expired' : error.reason === 'audience' ? 'wrong_audience' : 'invalid_token';
    return { reason, message: `the token ${error.message}` };
  }
}
