/** A TCP relay in front of a server of the emulator, which can refuse connections and stop in the middle of an answer. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Wire {
  #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #stallAfterBytes = Infinity;
  #onStall: () => void = () => undefined;

  private constructor(private readonly target: URL) {
    this.#server = this.#createServer();
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await wire.accept();
    return wire;
  }

  /** The target's URL by way of this relay. */
  get url(): string {
    return `${this.target.protocol}//localhost:${this.#port}`;
  }

  async accept(): Promise<void> {
    if (this.#server.listening) return;
    this.#server = this.#createServer();
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** From now on connections are refused, and those that exist are cut. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  /** Holds back what the server sends on a connection after this many bytes of it. */
  stallAfter(bytes: number, onStall: () => void): void {
    this.#stallAfterBytes = bytes;
    this.#onStall = onStall;
  }

  flow(): void {
    this.#stallAfterBytes = Infinity;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #createServer(): Server {
    return createServer((client) => {
      const upstream = connect(Number(this.target.port), '127.0.0.1');
      const pair = [client, upstream];
      for (const socket of pair) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          this.#sockets.delete(socket);
          for (const other of pair) other.destroySoon();
        });
      }
      client.pipe(upstream);
      this.#relayAnswer(upstream, client);
    });
  }

  #relayAnswer(upstream: Socket, client: Socket): void {
    let passed = 0;
    upstream.on('end', () => client.end());
    upstream.on('data', (chunk: Buffer) => {
      const room = this.#stallAfterBytes - passed;
      if (room <= 0) return;
      const part = chunk.subarray(0, room);
      passed += part.length;
      client.write(part);
      if (passed >= this.#stallAfterBytes) this.#onStall();
    });
  }
}
