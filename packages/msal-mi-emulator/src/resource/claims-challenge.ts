import type { Claims } from '../crypto/jwt.js';
import type { Exchange } from '../http/exchange.js';

const PATH = '/claims-challenge';
const HEADER = 'x-emulator-require-claim';

/** A claim value that a request demands of its own token. */
export interface RequiredClaim {
  name: string;
  value: string;
}

/**
 * Which claim a request wants to be challenged for: `/claims-challenge[?claim=<name>&value=<value>]` (default `acrs` = `c1`), or the
 * header `x-emulator-require-claim: <name>=<value>` on any path.
 */
export function requiredClaimOf({ path, query, headers }: Exchange): RequiredClaim | undefined {
  const [, name, value] = /^([\w.-]+)=(.+)$/.exec(headers[HEADER]?.toString() ?? '') ?? [];
  if (name !== undefined && value !== undefined) return { name, value };
  if (path !== PATH) return undefined;
  return { name: query.get('claim') ?? 'acrs', value: query.get('value') ?? 'c1' };
}

/** Whether a token carries the claim, alone or in a list. */
export function satisfies(claims: Claims, { name, value }: RequiredClaim): boolean {
  const actual = claims[name];
  return Array.isArray(actual) ? actual.includes(value) : actual === value;
}

/** The value of `claims` in WWW-Authenticate: Base64 of what the client has to send to the token endpoint. */
export function encodeClaims({ name, value }: RequiredClaim): string {
  const request = { access_token: { [name]: { essential: true, value } } };
  return Buffer.from(JSON.stringify(request), 'utf8').toString('base64');
}
