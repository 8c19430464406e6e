import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TLS_ALERT_CODES } from '../faults/check-fault.js';
import type { Fault, FaultLeg } from '../faults/fault-types.js';
import { serverNameOf } from './client-hello.js';
import type { Listener } from './listener.js';
import type { ServeContext } from './serve-context.js';

const SILENT_CLIENT_TIMEOUT_MS = 10_000;
const TLS_RECORD_ALERT = 0x15;
const FATAL = 2;

/**
 * Puts the faults that end TLS connections, before a request is read from them, before a listener.
 * @returns whether a connection is to get no answer at all
 */
export function scriptConnections(
  listener: Listener,
  leg: FaultLeg,
  context: ServeContext,
): (socket: Socket) => boolean {
  const { faults } = context;
  const silent = new WeakSet<Socket>();
  listener.gate((socket, accept) => {
    if (!faults.isNext(leg, 'handshake')) return false;
    socket.on('error', () => undefined);
    socket.setTimeout(SILENT_CLIENT_TIMEOUT_MS, () => socket.destroy());
    // After the ClientHello: the client is then certainly inside its handshake, and says which server it wants.
    socket.once('data', (hello: Buffer) => {
      socket.setTimeout(0).removeAllListeners('timeout');
      const name = serverNameOf(hello);
      const isStranger = name !== undefined && name !== 'localhost';
      const fault = isStranger ? undefined : faults.takeEarly(leg, 'handshake');
      if (fault) {
        endHandshake(socket, fault, context);
        return;
      }
      socket.pause();
      socket.unshift(hello);
      accept();
    });
    return true;
  });
  listener.server.prependListener('secureConnection', (socket: TLSSocket) => {
    const fault = faults.takeEarly(leg, 'after-handshake');
    if (!fault) return;
    socket.on('error', () => undefined);
    recordConnectionFailure(
      context,
      `connection ${fault.hang ? 'silent' : 'cut'} after the handshake by a fault`,
      fault,
    );
    if (fault.hang) silent.add(socket);
    else endConnection(listener, socket, fault.resetBy ?? 'rst');
  });
  listener.server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    recordConnectionFailure(context, error.code ?? error.message, undefined);
  });
  return (socket) => silent.has(socket);
}

/** Ends a connection as the fault wants it. */
export function endConnection(listener: Listener, socket: Socket, by: 'rst' | 'fin'): void {
  if (by === 'rst') listener.reset(socket);
  else socket.destroy();
}

function endHandshake(socket: Socket, fault: Fault, context: ServeContext): void {
  recordConnectionFailure(context, `handshake ${fault.hang ? 'silent' : 'cut'} by a scripted fault`, fault);
  if (fault.hang) ignore(socket);
  else if (fault.tlsAlert !== undefined) {
    socket.end(Buffer.from([TLS_RECORD_ALERT, 3, 3, 0, 2, FATAL, TLS_ALERT_CODES[fault.tlsAlert]]));
  } else if (fault.resetBy === 'fin') socket.destroy();
  else socket.resetAndDestroy();
}

/** Reads and says nothing, until the client goes away. */
function ignore(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.resume();
}

function recordConnectionFailure(context: ServeContext, failure: string, fault: Fault | undefined): void {
  context.journal.record({
    at: context.now(),
    leg: context.leg,
    server: context.server,
    method: '',
    url: '',
    status: 0,
    headers: {},
    durationMs: 0,
    responseHeaders: {},
    failure,
    ...(fault ? { fault } : {}),
  });
}
