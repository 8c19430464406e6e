/** Resource servers of one's own on TLS, a client that they know, and a thief who has a certificate too. */
import { createHash, type X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import { isMsalMiError } from 'core/errors.js';
import type { MtlsChannel } from 'core/ports.js';
import { requireMtlsPop, verifyMtlsPop, type MtlsPop, type RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { AUDIENCE, ISSUER, TokenIssuer } from './bound-tokens.js';
import { createTestPki, openSoftwareChannel, type TestPki } from './test-pki.js';

export interface Client {
  readonly channel: MtlsChannel;
  readonly certificate: X509Certificate;
  readonly x5tS256: string;
}

/** `node:http` as far as handlers of these tests use it. */
type Handler = (req: object, res: { statusCode: number; end(body: string): unknown }) => void;

export class ResourceServers {
  readonly options: RequireMtlsPopOptions;
  readonly #servers: Server[] = [];

  private constructor(
    readonly issuer: TokenIssuer,
    readonly pki: TestPki,
    readonly client: Client,
    readonly thief: Client,
  ) {
    this.options = { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks };
  }

  static async start(): Promise<ResourceServers> {
    const [issuer, pki] = await Promise.all([TokenIssuer.start(), createTestPki()]);
    return new ResourceServers(issuer, pki, await openClient(pki), await openClient(pki));
  }

  /** An application with the middleware in front: it answers with what it was told, or 500 with the code of a failure. */
  application(options: RequireMtlsPopOptions): Handler {
    const middleware = requireMtlsPop(options);
    return (req, res) =>
      middleware(req, res, (error) => {
        if (error !== undefined) res.statusCode = 500;
        const { mtlsPop } = req as { mtlsPop?: unknown };
        res.end(JSON.stringify(isMsalMiError(error) ? { errorCode: error.errorCode } : mtlsPop));
      });
  }

  /** Options of a TLS server that wants a certificate of the test authority. */
  get tls(): https.ServerOptions {
    const { authority, server } = this.pki;
    return { ...server, ca: authority.pem, requestCert: true };
  }

  /** @returns The origin of a new server. */
  async serve(options: RequireMtlsPopOptions = this.options, tls: https.ServerOptions = this.tls): Promise<string> {
    return `https://localhost:${await this.listen(https.createServer(tls, this.application(options)))}`;
  }

  /** @returns The origin of a new TLS server whose requests `listener` answers. */
  async serveWith(listener: (req: IncomingMessage, res: ServerResponse) => unknown): Promise<string> {
    return `https://localhost:${await this.listen(https.createServer(this.tls, (req, res) => void listener(req, res)))}`;
  }

  async listen(server: Server): Promise<number> {
    this.#servers.push(server);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return (server.address() as AddressInfo).port;
  }

  /** A key set endpoint of its own. */
  async keySetAnswering(answer: (response: ServerResponse) => void): Promise<URL> {
    const port = await this.listen(createServer((_request, response) => answer(response)));
    return new URL(`http://127.0.0.1:${port}/keys`);
  }

  call(as: Client, authorization: string | undefined, url: string): Promise<Response> {
    return fetchOverChannel(as.channel, url, { headers: authorization === undefined ? {} : { authorization } });
  }

  /** Verifies as if the client had presented its certificate. */
  verify(authorization: string | undefined, changes: Partial<RequireMtlsPopOptions> = {}): Promise<MtlsPop> {
    const peerCertificate = this.client.certificate.raw;
    return verifyMtlsPop({ authorization, peerCertificate }, { ...this.options, ...changes });
  }

  async close(): Promise<void> {
    const closing = this.#servers.map((server) => new Promise((closed) => server.unref().close(closed)));
    for (const server of this.#servers)
      if ('closeAllConnections' in server) (server as HttpServer).closeAllConnections();
    await Promise.all(closing);
    await this.issuer.close();
  }
}

async function openClient(pki: TestPki): Promise<Client> {
  const { channel, certificate } = await openSoftwareChannel(pki.authority);
  const x5tS256 = createHash('sha256').update(certificate.raw).digest('base64url');
  return { channel, certificate, x5tS256 };
}
