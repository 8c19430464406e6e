/** One HTTP/1.1 request over TLS, streaming both ways, with every failure classified. */
import { request as httpsRequest, type Agent } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Socket } from 'node:net';
import {
  SWITCHING_PROTOCOLS,
  switchedProtocols,
  TransportError,
  type MtlsRequest,
  type MtlsResponse,
} from '../../ports.js';
import { onAbort, unreference } from '../../time/clock.js';
import { classifyFailure, type ConnectionPhase } from './classify-failure.js';
import { IncomingBody } from './incoming-body.js';

const CONTENT_LENGTH = 'content-length';
const METHODS_WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);
const MAX_HEADER_BYTES = 64 * 1024;
const LOST_CODES = ['ECONNRESET', 'EPIPE'];

/**
 * A kept connection may have been closed by the server unseen; then an idempotent request goes out once more, on a new
 * one (D30).
 */
export async function sendRequest(agent: Agent, request: MtlsRequest): Promise<MtlsResponse> {
  const attempt = new Attempt(agent, request);
  try {
    return await attempt.run();
  } catch (error) {
    if (!attempt.diedOnKeptConnection || !request.idempotent || !isReplayable(request.body)) throw error;
  }
  // The others that wait have most likely died with it.
  closeIdleConnections(agent, request.url);
  return new Attempt(agent, request).run();
}

/** @param url - Default: to whatever server. */
export function closeIdleConnections(agent: Agent, url?: URL): void {
  const isMeant = (name: string): boolean => url === undefined || name.startsWith(`${hostOf(url)}:${portOf(url)}:`);
  for (const [name, sockets] of Object.entries(agent.freeSockets)) {
    if (isMeant(name)) for (const socket of [...(sockets ?? [])]) socket.destroy();
  }
}

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
const portOf = (url: URL): string => (url.port === '' ? '443' : url.port);

function isReplayable(body: MtlsRequest['body']): boolean {
  return body === undefined || body instanceof Uint8Array;
}

class Attempt {
  diedOnKeptConnection = false;
  readonly #outgoing: ClientRequest;
  readonly #request: MtlsRequest;
  #phase: ConnectionPhase = 'connect';
  #socket: Socket | undefined;

  constructor(agent: Agent, request: MtlsRequest) {
    this.#request = request;
    const { url, method } = request;
    this.#outgoing = httpsRequest({
      host: hostOf(url),
      port: portOf(url),
      path: `${url.pathname}${url.search}`,
      method,
      agent,
      headers: toRawHeaders(request),
      maxHeaderSize: MAX_HEADER_BYTES,
      // The agent's limit is for connections that wait: in use, each record would start it again.
      timeout: 0,
    });
    this.#outgoing.on('socket', (socket) => this.#follow(socket));
    if (request.keepsProcess === false) this.#outgoing.on('socket', unreference);
  }

  run(): Promise<MtlsResponse> {
    const { signal, timeoutMs, body } = this.#request;
    const outgoing = this.#outgoing;
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => fail(new TransportError('timeout', 'ETIMEDOUT', 'The answer did not arrive in time.')),
              timeoutMs,
            );
      let release = (): void => undefined;
      const fail = (error: Error) => {
        clearTimeout(timer);
        release();
        reject(error);
        outgoing.destroy();
      };
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        const isReused = outgoing.reusedSocket;
        this.diedOnKeptConnection = isReused && LOST_CODES.includes(error.code ?? '');
        fail(classifyFailure(error, isReused ? 'reused' : this.#phase, this.#socket));
      });
      // Without a listener Node.js would drop the connection, and say nothing. With one the connection is the listener's.
      outgoing.on('upgrade', (_response, socket) => {
        fail(switchedProtocols());
        socket.destroy();
      });
      outgoing.on('response', (response) => {
        if (response.statusCode === SWITCHING_PROTOCOLS) {
          fail(switchedProtocols());
          return;
        }
        clearTimeout(timer);
        answer = response;
        // The body is part of the exchange: it is aborted too, until its last byte.
        response.once('close', release);
        resolve(toResponse(response, new IncomingBody(outgoing, response, signal)));
      });
      release = onAbort(signal, () => {
        if (answer === undefined) fail(signal?.reason as Error);
        else answer.destroy();
      });
      if (outgoing.destroyed) return;
      if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
      else streamBody(body, outgoing, fail);
    });
  }

  #follow(socket: Socket): void {
    this.#socket = socket;
    if (this.#outgoing.reusedSocket) {
      this.#phase = 'reused';
      return;
    }
    socket.once('connect', () => (this.#phase = 'handshake'));
    socket.once('secureConnect', () => (this.#phase = 'established'));
  }
}

function streamBody(body: AsyncIterable<Uint8Array>, outgoing: ClientRequest, fail: (error: Error) => void): void {
  const source = Readable.from(body, { objectMode: false });
  source.on('error', fail);
  outgoing.on('close', () => source.destroy());
  source.pipe(outgoing);
}

/**
 * Names and values in turn: Node.js writes them as they are, where members of an object would first become its own list of
 * headers. What it would add to that is added here.
 */
function toRawHeaders({ url, method, headers, body }: MtlsRequest): string[] {
  const raw = ['host', url.host];
  let isLengthKnown = false;
  for (const [name, value] of headers) {
    raw.push(name, value);
    isLengthKnown ||= name.length === CONTENT_LENGTH.length && name.toLowerCase() === CONTENT_LENGTH;
  }
  if (isLengthKnown) return raw;
  if (body instanceof Uint8Array) raw.push(CONTENT_LENGTH, String(body.byteLength));
  else if (body !== undefined) raw.push('transfer-encoding', 'chunked');
  else if (!METHODS_WITHOUT_BODY.has(method)) raw.push(CONTENT_LENGTH, '0');
  return raw;
}

function toResponse(response: IncomingMessage, body: IncomingBody): MtlsResponse {
  const headers: Array<readonly [string, string]> = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    headers.push([response.rawHeaders[i] ?? '', response.rawHeaders[i + 1] ?? '']);
  }
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers,
    body,
  };
}
