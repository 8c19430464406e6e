/** Plain HTTP to IMDS over `node:http`, which follows no redirect; an agent of its own keeps proxies out. */
import http from 'node:http';
import https from 'node:https';
import { onAbort, unreference } from '../time/clock.js';
import { BodyTooLargeError, readBody } from '../transport/exchange.js';
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  isTransportError,
  switchedProtocols,
  SWITCHING_PROTOCOLS,
  TransportError,
} from '../ports.js';

/** IMDS is one hop away: a connection that is not there by then will not come. */
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * @param readAuthorities - PEM of all authorities to trust under an https override of the IMDS base. Default, and
 *   when undefined: those of the process.
 */
export function createHttpTransport(readAuthorities: () => string[] | undefined = () => undefined): HttpTransport {
  const plain = new http.Agent({ keepAlive: false });
  let secure: https.Agent | undefined;
  const openSecure = (): https.Agent => {
    const ca = readAuthorities();
    // Explicit (D28): NODE_TLS_REJECT_UNAUTHORIZED changes a default only.
    return new https.Agent({ keepAlive: false, rejectUnauthorized: true, ...(ca !== undefined && { ca }) });
  };
  return {
    send: (request) => sendOnce(request, request.url.startsWith('https:') ? (secure ??= openSecure()) : plain),
  };
}

function sendOnce(request: HttpRequest, agent: http.Agent): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted === true) {
      reject(request.signal.reason as Error);
      return;
    }
    const body = request.body === undefined ? undefined : Buffer.from(request.body, 'utf8');
    const outgoing = (agent instanceof https.Agent ? https : http).request(request.url, {
      method: request.method,
      agent,
      headers: { ...request.headers, ...(body !== undefined && { 'content-length': body.length }) },
    });
    if (request.keepsProcess === false) outgoing.on('socket', unreference);
    const connectTimer = setTimeout(
      () => {
        if (outgoing.socket?.connecting !== false) {
          fail(new TransportError('timeout', 'ETIMEDOUT', 'The connection could not be made in time.'));
        }
      },
      Math.min(CONNECT_TIMEOUT_MS, request.timeoutMs),
    );
    if (request.keepsProcess === false) connectTimer.unref();
    const release = onAbort(request.signal, () => fail(request.signal?.reason as Error));
    const settle = () => {
      clearTimeout(connectTimer);
      release();
    };
    const fail = (error: Error) => {
      settle();
      reject(error);
      outgoing.destroy();
    };

    outgoing.on('error', (error) => fail(toTransportError(error)));
    // Without a listener Node.js would drop the connection, and say nothing.
    outgoing.on('upgrade', (_response, socket) => {
      fail(switchedProtocols());
      socket.destroy();
    });
    outgoing.on('response', (response) => {
      if (response.statusCode === SWITCHING_PROTOCOLS) {
        fail(switchedProtocols());
        return;
      }
      readBody(response).then(
        (text) => {
          settle();
          resolve({ status: response.statusCode ?? 0, headers: flatten(response.headers), body: text });
        },
        (error: unknown) => fail(toTransportError(error)),
      );
    });
    outgoing.end(body);
  });
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

function toTransportError(error: unknown): TransportError {
  if (isTransportError(error)) return error;
  if (error instanceof BodyTooLargeError)
    return new TransportError('invalid_response', 'ERR_BODY_TOO_LARGE', error.message);
  const code = (error as NodeJS.ErrnoException).code ?? 'ERR_UNKNOWN';
  if (code.startsWith('HPE_'))
    return new TransportError('invalid_response', code, `The answer was not HTTP (${code}).`);
  const failure = LOST.has(code) ? 'connection_lost' : 'unreachable';
  return new TransportError(failure, code, `The connection failed (${code}).`);
}
