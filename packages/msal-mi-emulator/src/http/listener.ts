import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { EmulatorError } from '../errors.js';

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 15_000;
const SLOW_CLIENT_CHECK_MS = 5_000;
const ATTEMPTS_FOR_A_COMMON_PORT = 10;

/** An http(s) server on one port of one or both loopback addresses. */
export interface Listener {
  readonly server: HttpServer;
  readonly port: number;
  /**
   * Looks at every connection before anything is read from it; a gate that returns true has taken the connection over, until it
   * calls `accept`.
   */
  gate(takesOver: (socket: Socket, accept: () => void) => boolean): void;
  /** Ends a connection by a TCP reset, whatever TLS is on it. */
  reset(socket: Socket): void;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

/**
 * Listens on loopback.
 * @param port 0: any
 * @param host undefined: `127.0.0.1`, and `::1` on the same port when the machine has it
 * @param tls undefined: plain http
 * @throws EmulatorError `port_unavailable`
 */
export async function openListener(
  port: number,
  host: '127.0.0.1' | '::1' | undefined,
  tls: TlsOptions | undefined,
): Promise<Listener> {
  for (let attempt = 1; ; attempt++) {
    const server = createServer(tls);
    const sockets = trackSockets(server);
    await listen(server, port, host ?? '127.0.0.1');
    const bound = (server.address() as AddressInfo).port;
    const twin = host === undefined ? await listenOnTwin(server, bound) : undefined;
    if (twin === 'port-taken' && port === 0 && attempt < ATTEMPTS_FOR_A_COMMON_PORT) {
      await closeServer(server, sockets);
      continue;
    }
    return toListener(server, bound, typeof twin === 'object' ? twin : undefined, sockets);
  }
}

function createServer(tls: TlsOptions | undefined): HttpServer {
  const timeouts = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: SLOW_CLIENT_CHECK_MS,
  };
  return tls
    ? createHttpsServer({ ...timeouts, ...tls, handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
    : createHttpServer(timeouts);
}

function trackSockets(server: HttpServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function listen(server: NetServer, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(
        new EmulatorError('port_unavailable', `cannot listen on ${host} port ${port}; choose another port`, { cause }),
      );
    };
    server.once('error', onError);
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** The other loopback address: connections go to the same server. A machine without IPv6 does without. */
async function listenOnTwin(server: HttpServer, port: number): Promise<NetServer | 'port-taken' | undefined> {
  const twin = createNetServer((socket) => server.emit('connection', socket));
  try {
    await listen(twin, port, '::1');
    return twin;
  } catch (error) {
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    return code === 'EADDRINUSE' ? 'port-taken' : undefined;
  }
}

function toListener(server: HttpServer, port: number, twin: NetServer | undefined, sockets: Set<Socket>): Listener {
  let closing: Promise<void> | undefined;
  return {
    server,
    port,
    gate(takesOver) {
      const accept = server.listeners('connection') as ((socket: Socket) => void)[];
      server.removeAllListeners('connection');
      server.on('connection', (socket: Socket) => {
        const goOn = (): void => accept.forEach((listener) => listener.call(server, socket));
        if (!takesOver(socket, goOn)) goOn();
      });
    },
    reset(socket) {
      // A TLS socket has no TCP handle of its own.
      const isCarrier = ({ remotePort, remoteAddress }: Socket): boolean =>
        remotePort === socket.remotePort && remoteAddress === socket.remoteAddress;
      const carrier = [...sockets].find(isCarrier);
      // What resetAndDestroy() sets. Calling it under a living TLS socket crashes the process: the TLS socket has to close first,
      // and closes its carrier then.
      if (carrier) Object.assign(carrier, { resetAndClosing: true });
      socket.destroy();
    },
    close() {
      closing ??= Promise.all([closeServer(server, sockets), twin && closeServer(twin, new Set())]).then(
        () => undefined,
      );
      return closing;
    },
  };
}

async function closeServer(server: NetServer, sockets: Set<Socket>): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
