import { parseJsonObject } from '../json.js';

/**
 * The claims challenge of a 401 answer: the `claims` parameter of `WWW-Authenticate` under the scheme of a token
 * (`Bearer`, `PoP`, `mtls_pop`, in any case), Base64-decoded.
 *
 * @returns A JSON object as text; undefined when there is no challenge, or one that cannot be read.
 */
export function parseClaimsChallenge(headers: Headers): string | undefined {
  for (const { scheme, parameters } of parseChallenges((headers.get('www-authenticate') ?? '').slice(0, MAX_LENGTH))) {
    const encoded = parameters.get('claims');
    if (encoded === undefined || !TOKEN_SCHEMES.has(scheme)) continue;
    if ((parameters.get('error') ?? 'insufficient_claims') !== 'insufficient_claims') continue;
    const claims = decode(encoded);
    if (claims !== undefined) return claims;
  }
  return undefined;
}

interface Challenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

/** As much as all headers of an answer may have. */
const MAX_LENGTH = 64 * 1024;
const TOKEN_SCHEMES = new Set(['bearer', 'pop', 'mtls_pop']);
const TOKEN = "[!#$%&'*+\\-.^_`|~\\w]+";
// RFC 9110 section 11.6.1. A parameter, or the name of a scheme, or anything up to the next comma.
const NEXT_PART = new RegExp(
  `[\\s,]*(?:(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))|(${TOKEN})(?=[\\s,]|$)|[^,]+)`,
  'y',
);

function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  NEXT_PART.lastIndex = 0;
  for (let part = NEXT_PART.exec(header); part !== null; part = NEXT_PART.exec(header)) {
    const [, name, quoted, plain, scheme] = part;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (name !== undefined) {
      challenges.at(-1)?.parameters.set(name.toLowerCase(), plain ?? quoted?.replace(/\\(.)/g, '$1') ?? '');
    }
  }
  return challenges;
}

function decode(encoded: string): string | undefined {
  const text = Buffer.from(encoded, 'base64').toString();
  return parseJsonObject(text) === undefined ? undefined : text;
}
