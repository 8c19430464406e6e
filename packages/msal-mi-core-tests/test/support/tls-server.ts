/** A TLS server of one's own that wants a certificate of the test authority, and a channel of the software transport to it. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { MtlsChannel } from 'core/ports.js';
import { createTestPki, openSoftwareChannel, type TestPki } from './test-pki.js';

export class TlsServer {
  /** Connections whose handshake has succeeded since the last `reset`. */
  readonly sockets: Socket[] = [];

  private constructor(
    readonly pki: TestPki,
    readonly channel: MtlsChannel,
    readonly server: Server,
  ) {
    server.on('secureConnection', (socket: Socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
    });
  }

  static async start(listener: RequestListener, options: ServerOptions = {}): Promise<TlsServer> {
    const pki = await createTestPki();
    const server = createServer({ ...pki.server, ca: pki.authority.pem, requestCert: true, ...options }, listener);
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { channel } = await openSoftwareChannel(pki.authority);
    return new TlsServer(pki, channel, server);
  }

  get origin(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  /** Closes every connection and forgets it. */
  reset(): void {
    this.server.closeAllConnections();
    this.sockets.length = 0;
  }

  async close(): Promise<void> {
    this.channel.retire();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
