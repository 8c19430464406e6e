import { createHash, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { generateRsaKey } from './rsa-key.js';
import { isRecord } from '../is-record.js';

const signAsync = promisify<string, Buffer, KeyObject, Buffer>((algorithm, bytes, key, done) => {
  sign(algorithm, bytes, key, done);
});

/** Claims of a JWT (RFC 7519). */
export type Claims = Record<string, unknown>;

/** Why a JWT was refused: `reason` is a word for machines, the message is for people. */
export class JwtError extends Error {
  override readonly name = 'JwtError';
  constructor(
    readonly reason: 'malformed' | 'algorithm' | 'signature' | 'issuer' | 'audience' | 'expired' | 'not_yet_valid',
    message: string,
  ) {
    super(message);
  }
}

/** What {@link JwtIssuer.verify} checks besides the signature. */
export interface JwtChecks {
  issuer: string | ((issuer: string) => boolean);
  /** Undefined: the audience is not looked at. */
  audience?: (audience: string) => boolean;
  /** Milliseconds since 1970. */
  nowMs: number;
}

/** Signs and verifies RS256 JWTs (RFC 7515, RFC 7518 section 3.3) with one throw-away key, and publishes its public half. */
export class JwtIssuer {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  /** JWK Set (RFC 7517) with the one key. */
  readonly jwks: { keys: [JsonWebKey] };

  private constructor(publicKey: KeyObject, privateKey: KeyObject) {
    this.#publicKey = publicKey;
    this.#privateKey = privateKey;
    const { kty, n, e } = publicKey.export({ format: 'jwk' });
    // Members of the RFC 7638 input are in lexical order.
    this.kid = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
    this.jwks = { keys: [{ kty, use: 'sig', alg: 'RS256', kid: this.kid, n, e } as JsonWebKey] };
  }

  /** Makes an issuer with a new key. */
  static async generate(): Promise<JwtIssuer> {
    const { publicKey, privateKey } = await generateRsaKey();
    return new JwtIssuer(publicKey, privateKey);
  }

  /** @returns the compact serialisation of the signed claims */
  async sign(claims: Claims, header: Record<string, unknown> = {}): Promise<string> {
    const input = `${encode({ typ: 'JWT', alg: 'RS256', kid: this.kid, ...header })}.${encode(claims)}`;
    const signature = await signAsync('RSA-SHA256', Buffer.from(input, 'ascii'), this.#privateKey);
    return `${input}.${signature.toString('base64url')}`;
  }

  /**
   * Verifies signature, issuer, audience and times. No clock tolerance: issuer and verifier share one clock.
   * @throws JwtError
   */
  verify(token: string, checks: JwtChecks): Claims {
    const parts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token);
    if (!parts) throw new JwtError('malformed', 'is not a signed JWT');
    const [, headerPart, claimsPart, signaturePart] = parts as unknown as [string, string, string, string];
    const header = decode(headerPart);
    if (header.alg !== 'RS256') throw new JwtError('algorithm', 'is not signed with RS256');
    if (header.crit !== undefined) throw new JwtError('malformed', 'has critical header parameters');
    const signature = Buffer.from(signaturePart, 'base64url');
    const isSigned =
      header.kid === this.kid &&
      verify('RSA-SHA256', Buffer.from(`${headerPart}.${claimsPart}`, 'ascii'), this.#publicKey, signature);
    if (!isSigned) throw new JwtError('signature', 'was not signed by this emulator (or by an earlier run of it)');
    const claims = decode(claimsPart);
    checkClaims(claims, checks);
    return claims;
  }
}

function checkClaims(claims: Claims, { issuer, audience, nowMs }: JwtChecks): void {
  const isIssuer = typeof issuer === 'string' ? (value: string) => value === issuer : issuer;
  if (typeof claims.iss !== 'string' || !isIssuer(claims.iss)) throw new JwtError('issuer', 'has another issuer');
  if (audience && (typeof claims.aud !== 'string' || !audience(claims.aud))) {
    throw new JwtError('audience', 'is meant for another audience');
  }
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= nowMs) throw new JwtError('expired', 'has expired');
  if (typeof claims.nbf === 'number' && claims.nbf * 1000 > nowMs) {
    throw new JwtError('not_yet_valid', 'is not valid yet');
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}

function decode(part: string): Claims {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    throw new JwtError('malformed', 'is not a signed JWT');
  }
  if (!isRecord(value)) throw new JwtError('malformed', 'is not a signed JWT');
  return value;
}
