/** Reads JWTs without verifying them: the resource verifies, we only look for mix-ups. */
import { isJsonObject, parseJsonObject, type JsonObject } from '../json.js';

const JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The claims of a compact JWS, or undefined when `token` is not one: access tokens may be opaque. */
export function readJwtClaims(token: string): JsonObject | undefined {
  const parts = token.split('.');
  const [header, payload] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined) return undefined;
  return parseObject(header) === undefined ? undefined : parseObject(payload);
}

/**
 * The confirmation claim of RFC 8705. `opaque` when the token has another form than a JWS: then nobody but its issuer and
 * its resource can read it. Undefined when it carries none, or is a JWS whose header or claims cannot be read.
 */
export function readConfirmation(token: string): { opaque: true } | { opaque: false; x5tS256: string | undefined } {
  const claims = readJwtClaims(token);
  if (claims === undefined) return JWS.test(token) ? { opaque: false, x5tS256: undefined } : { opaque: true };
  const cnf = claims['cnf'];
  const value = isJsonObject(cnf) && Object.hasOwn(cnf, 'x5t#S256') ? cnf['x5t#S256'] : undefined;
  return { opaque: false, x5tS256: typeof value === 'string' ? value : undefined };
}

function parseObject(base64url: string): JsonObject | undefined {
  return parseJsonObject(Buffer.from(base64url, 'base64url').toString('utf8'));
}
