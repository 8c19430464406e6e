import type { X509Certificate } from 'node:crypto';
import { JwtError, type Claims } from '../crypto/jwt.js';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import { isOwnIssuer } from '../token/access-token.js';
import { confirmedThumbprint } from '../token/client-assertion.js';
import type { World } from '../world.js';

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
}

/** Who calls, proven by token and certificate together. */
export interface BoundCaller {
  claims: Claims;
  /** `x5t#S256` of the presented certificate, equal to the token's confirmation claim. */
  thumbprintS256: string;
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
): BoundCaller | Refusal {
  if (authorization === undefined) return { reason: 'no_authorization', message: 'there is no Authorization header' };
  const [, scheme, token] = /^(\S+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme?.toLowerCase() !== 'mtls_pop' || token === undefined) {
    return { reason: 'wrong_scheme', message: 'the Authorization scheme is not mtls_pop' };
  }
  if (!certificate) return { reason: 'no_certificate', message: 'the connection presented no client certificate' };
  const defect = world.authority.findDefect(certificate);
  if (defect) return { reason: 'untrusted_certificate', message: `the client certificate is refused: ${defect}` };
  const verified = verifyToken(token, audiences, world);
  if ('reason' in verified) return verified;
  const confirmed = confirmedThumbprint(verified.claims);
  if (confirmed === undefined) return { reason: 'not_bound', message: 'the token has no cnf["x5t#S256"]' };
  const presented = thumbprintS256(certificate.raw);
  if (confirmed !== presented) {
    return { reason: 'other_certificate', message: 'the token is bound to another certificate than the presented one' };
  }
  return { claims: verified.claims, thumbprintS256: presented };
}

function verifyToken(token: string, audiences: readonly string[], world: World): { claims: Claims } | Refusal {
  const accepted = audiences.map(withoutTrailingSlash);
  try {
    const claims = world.tokenIssuer.verify(token, {
      issuer: (issuer) => isOwnIssuer(world, issuer),
      audience: (audience) => accepted.includes(withoutTrailingSlash(audience)),
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

function withoutTrailingSlash(audience: string): string {
  return audience.replace(/\/$/, '');
}
