import type { Claims } from '../crypto/jwt.js';

/** `cnf["x5t#S256"]` of a token (RFC 8705 section 3.1), if it has one. */
export function confirmedThumbprint(claims: Claims): string | undefined {
  const thumbprint = (claims.cnf as Record<string, unknown> | undefined)?.['x5t#S256'];
  return typeof thumbprint === 'string' ? thumbprint : undefined;
}
