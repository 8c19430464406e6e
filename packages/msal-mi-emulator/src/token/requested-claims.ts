import { isRecord } from '../is-record.js';

/** Claims that only some tokens have; those that every token has are written over anything requested. */
const NEVER_REQUESTED: ReadonlySet<string> = new Set(['cnf', 'xms_mirid']);
/** Claims that are lists in a token even when one value is asked for. */
const LIST_CLAIMS: ReadonlySet<string> = new Set(['acrs', 'xms_cc']);

/**
 * Reads the `claims` parameter (OpenID Connect Core section 5.5) and says which claims the access token echoes:
 * `access_token.<name>.values` becomes a list, `value` a single value; the emulator's own claims are never replaced.
 * @returns undefined when the text is not a JSON object of that shape
 */
export function parseRequestedClaims(text: string | null): Record<string, unknown> | undefined {
  if (text === null) return {};
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(claims)) return undefined;
  const wanted = claims.access_token ?? {};
  if (!isRecord(wanted)) return undefined;
  const echoed: Record<string, unknown> = {};
  for (const [name, request] of Object.entries(wanted)) {
    if (NEVER_REQUESTED.has(name) || !isRecord(request)) continue;
    if (Array.isArray(request.values)) echoed[name] = request.values;
    else if (request.value !== undefined) echoed[name] = LIST_CLAIMS.has(name) ? [request.value] : request.value;
  }
  return echoed;
}
