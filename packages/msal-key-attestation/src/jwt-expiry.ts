/** When a token was issued and when it expires, in milliseconds since the epoch. */
export interface JwtLifetime {
  readonly expiresAtMs: number;
  readonly issuedAtMs: number | undefined;
}

/** The last millisecond a `Date` can hold (ECMA-262, Time Values and Time Range). */
const MAX_DATE_MS = 8.64e15;

/**
 * Reads `exp` and `iat` (RFC 7519 sections 4.1.4, 4.1.6) of a token without verifying it: the token is for Entra ID.
 * Numbers and numeric strings are accepted.
 *
 * @returns Undefined when the token holds no readable `exp`.
 */
export function jwtLifetime(jwt: string): JwtLifetime | undefined {
  const claims = payloadOf(jwt);
  const expiresAtMs = toMs(claims?.exp);
  if (expiresAtMs === undefined) return undefined;
  return { expiresAtMs, issuedAtMs: toMs(claims?.iat) };
}

function payloadOf(jwt: string): { exp?: unknown; iat?: unknown } | undefined {
  const payload = jwt.split('.', 2)[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

function toMs(numericDate: unknown): number | undefined {
  const isNumericString = typeof numericDate === 'string' && /^\d+(\.\d+)?$/.test(numericDate);
  const ms = typeof numericDate === 'number' || isNumericString ? Number(numericDate) * 1000 : NaN;
  return ms > 0 && ms <= MAX_DATE_MS ? ms : undefined;
}
