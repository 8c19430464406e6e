import type { IncomingMessage, ServerResponse } from 'node:http';
import { findRejection, type Rejection } from './admission.js';
import { scriptConnections } from './connection-faults.js';
import { Conversation } from './conversation.js';
import type { Service } from './exchange.js';
import type { Listener } from './listener.js';
import type { ServeContext } from './serve-context.js';

/** Puts a service behind a listener: strangers are turned away, then faults, body limit and journal. */
export function serve(listener: Listener, service: Service, context: ServeContext): void {
  const leg = context.server === 'token' ? 'token' : context.leg === 'resource' ? 'resource' : undefined;
  const isSilent = leg && scriptConnections(listener, leg, context);
  listener.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => undefined);
    if (isSilent?.(request.socket)) return;
    const rejection = findRejection(request);
    if (rejection) {
      turnAway(response, rejection);
      return;
    }
    new Conversation({ request, response, service, listener, context }).run().catch(() => request.socket.destroy());
  });
}

/** Nothing of a stranger's request is read or kept. */
function turnAway(response: ServerResponse, { status, error, reason }: Rejection): void {
  const body = JSON.stringify({ error, error_description: reason });
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cross-Origin-Resource-Policy': 'same-origin',
    Connection: 'close',
  });
  response.end(body, () => response.req.socket.destroySoon());
}
