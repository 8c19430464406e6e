/** An issuer of bound tokens, with its key set on a server, and clients with certificates: for tests of resource servers. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export const ISSUER = 'https://issuer.example/tenant/v2.0';
export const AUDIENCE = 'api://bound-api';

export class TokenIssuer {
  /** How often the key set was fetched. */
  fetched = 0;
  /** Set to let the key set endpoint answer something else, or nothing. */
  answer: ((response: ServerResponse) => void) | undefined;

  private constructor(
    readonly privateKey: CryptoKey,
    readonly publicJwk: JWK,
    readonly server: Server,
  ) {}

  static async start(): Promise<TokenIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' };
    const server = createServer((_request, response) => {
      issuer.fetched += 1;
      if (issuer.answer === undefined) issuer.sendKeys(response);
      else issuer.answer(response);
    });
    const issuer = new TokenIssuer(privateKey, publicJwk, server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return issuer;
  }

  sendKeys(response: ServerResponse): void {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [this.publicJwk] }));
  }

  get jwks(): URL {
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`);
  }

  /** A good token for a certificate, with changes. A claim that is undefined is left out. */
  sign(x5tS256: string, changes: JWTPayload = {}, header: { alg?: string; kid?: string } = {}, key = this.privateKey) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: AUDIENCE, iat: now, nbf: now, exp: now + 600, cnf: { 'x5t#S256': x5tS256 } };
    const payload = JSON.parse(JSON.stringify({ ...claims, ...changes })) as JWTPayload;
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'key-1', ...header }).sign(key);
  }

  close(): Promise<unknown> {
    return new Promise((closed) => this.server.close(closed));
  }
}
