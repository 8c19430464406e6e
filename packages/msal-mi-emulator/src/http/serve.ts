import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import { TLS_ALERT_CODES, type FaultScript } from '../faults.js';
import type { Journal } from '../journal.js';
import type { EmulatorServer, Fault, FaultLeg, JournalEntry } from '../types.js';
import type { Answer, Exchange, Service } from './exchange.js';
import type { Listener } from './listener.js';
import { readBody } from './read-body.js';

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;
const SILENT_CLIENT_TIMEOUT_MS = 10_000;
const TLS_RECORD_ALERT = 0x15;
const FATAL = 2;

/** What a server shares with the rest of the emulator. */
export interface ServeContext {
  server: EmulatorServer;
  leg: JournalEntry['leg'];
  faults: FaultScript;
  journal: Journal;
  now: () => number;
  /** Whether connections stay open after an answer. */
  keepAlive: boolean;
}

/** Puts a service behind a listener: host check, faults, body limit, journal. */
export function serve(listener: Listener, service: Service, context: ServeContext): void {
  const { server } = listener;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    new Conversation(request, response, service, context).run().catch(() => request.socket.destroy());
  });
  if (context.server === 'token' || context.leg === 'resource') {
    const leg: FaultLeg = context.server === 'token' ? 'token' : 'resource';
    listener.gate((socket) => {
      const fault = context.faults.takeHandshakeReset(leg);
      if (fault) cutHandshake(socket, fault, context);
      return fault !== undefined;
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
      recordConnectionFailure(context, error.code ?? error.message, undefined);
    });
  }
}

function cutHandshake(socket: Socket, fault: Fault, context: ServeContext): void {
  socket.on('error', () => undefined);
  socket.setTimeout(SILENT_CLIENT_TIMEOUT_MS, () => socket.destroy());
  // After the ClientHello, so that the client is certainly inside its handshake.
  socket.once('data', () => {
    recordConnectionFailure(context, 'handshake cut by a scripted fault', fault);
    if (fault.tlsAlert === undefined) socket.resetAndDestroy();
    else socket.end(Buffer.from([TLS_RECORD_ALERT, 3, 3, 0, 2, FATAL, TLS_ALERT_CODES[fault.tlsAlert]]));
  });
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

/** One request and its answer. */
class Conversation {
  readonly #startedAt: number;
  readonly #startedMs = performance.now();
  #body: Buffer = Buffer.alloc(0);
  #fault: Fault | undefined;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly service: Service,
    private readonly context: ServeContext,
  ) {
    this.#startedAt = context.now();
  }

  async run(): Promise<void> {
    const { request, response, service } = this;
    response.on('error', () => undefined);
    if (!LOOPBACK_HOST.test(request.headers.host ?? '')) {
      this.#send({ status: 421, json: { error: 'misdirected_request' }, failure: 'Host is not a loopback name' }, true);
      return;
    }
    const url = parseTarget(request.url ?? '');
    if (!url) {
      this.#send({ status: 400, json: { error: 'invalid_request' }, failure: 'malformed request target' }, true);
      return;
    }
    const path = url.pathname;
    if (service.serveAside?.(path, request.method ?? '', response)) return;
    const leg = service.faultLeg(path);
    this.#fault = leg && this.context.faults.take(leg);
    if (this.#fault?.reset === 'handshake') {
      this.#cut('connection cut by a scripted fault before the request was read');
      return;
    }
    const body = await readBody(request, service.mostBodyBytes);
    if (body === 'aborted') {
      this.#record(0, {}, undefined, 'the client went away before the request was complete');
      return;
    }
    if (body === 'too-large') {
      this.#send({ status: 413, json: { error: 'invalid_request' }, failure: 'body too large' }, true);
      return;
    }
    this.#body = body;
    if (this.#fault?.delayMs !== undefined && !(await this.#waitOut(this.#fault.delayMs))) {
      this.#record(0, {}, undefined, 'the client went away before the answer');
      return;
    }
    if (this.#fault?.reset === 'before-response') {
      this.#cut('connection cut by a scripted fault before the answer');
      return;
    }
    this.#send(await this.#answer(url));
  }

  async #answer(url: URL): Promise<Answer> {
    const fault = this.#fault;
    if (fault?.oauthError && this.service.errorAnswer) {
      const answer = this.service.errorAnswer(fault.oauthError, this.request.headers);
      return fault.status === undefined ? answer : { ...answer, status: fault.status };
    }
    if (fault?.oauthError) return { status: fault.status ?? 400, json: fault.oauthError };
    if (fault && (fault.status !== undefined || fault.body !== undefined)) return scriptedAnswer(fault);
    const tlsSocket = this.request.socket instanceof TLSSocket ? this.request.socket : undefined;
    const exchange: Exchange = {
      method: this.request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: this.request.headers,
      body: this.#body,
      peerCertificate: tlsSocket?.getPeerX509Certificate(),
      tlsSocket,
      mutate: fault?.mutate,
    };
    try {
      return await this.service.answer(exchange);
    } catch (error) {
      return { status: 500, json: { error: 'server_error' }, failure: `emulator defect: ${String(error)}` };
    }
  }

  /** @returns false when the client went away meanwhile */
  async #waitOut(delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), delayMs);
      this.response.once('close', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  #cut(failure: string): void {
    this.#record(0, {}, undefined, failure);
    this.request.socket.destroy();
  }

  #send(answer: Answer, mustClose = false): void {
    const { response, context } = this;
    const fault = this.#fault;
    const payload = render(answer, fault);
    response.statusCode = answer.status;
    const headers = { ...this.service.standingHeaders, ...payload.headers, ...answer.headers };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (mustClose || !context.keepAlive) response.setHeader('Connection', 'close');
    for (const [name, value] of Object.entries(fault?.headers ?? {})) {
      if (value === null) response.removeHeader(name);
      else response.setHeader(name, value);
    }
    if (!response.hasHeader('Content-Length')) response.setHeader('Content-Length', payload.bytes.length);
    // Before the answer leaves: whoever has seen an answer finds it in the journal.
    this.#record(answer.status, readHeaders(response), payload.bytes.toString('utf8'), answer.failure);
    if (fault?.reset === 'mid-body') {
      response.write(payload.bytes.subarray(0, Math.floor(payload.bytes.length / 2)), () => {
        this.request.socket.destroy();
      });
      return;
    }
    response.end(this.request.method === 'HEAD' ? undefined : payload.bytes, () => {
      // A request that was not read to its end leaves bytes behind that nobody will parse.
      if (mustClose) this.request.socket.destroySoon();
    });
  }

  #record(status: number, responseHeaders: Record<string, string>, responseBody?: string, failure?: string): void {
    const { request, context } = this;
    const peer = request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate() : undefined;
    context.journal.record({
      at: this.#startedAt,
      leg: context.leg,
      server: context.server,
      method: request.method ?? '',
      url: request.url ?? '',
      status,
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      durationMs: Math.round((performance.now() - this.#startedMs) * 10) / 10,
      responseHeaders,
      ...(this.#body.length > 0 ? { body: this.#body.toString('utf8') } : {}),
      ...(responseBody ? { responseBody } : {}),
      ...(peer ? { clientCertificateS256: thumbprintS256(peer.raw) } : {}),
      ...(this.#fault ? { fault: this.#fault } : {}),
      ...(failure === undefined ? {} : { failure }),
    });
  }
}

function parseTarget(target: string): URL | undefined {
  // Origin form only: "//host/path" would be read as another authority.
  if (!target.startsWith('/') || target.startsWith('//')) return undefined;
  try {
    return new URL(target, 'http://localhost');
  } catch {
    return undefined;
  }
}

function scriptedAnswer({ status, body }: Fault): Answer {
  const answer = { status: status ?? 200, failure: 'scripted fault' };
  if (body === undefined) return answer;
  return typeof body === 'string' ? { ...answer, text: body } : { ...answer, json: body };
}

function render(answer: Answer, fault: Fault | undefined): { bytes: Buffer; headers: Record<string, string> } {
  if (answer.bytes) return { bytes: answer.bytes, headers: {} };
  if (answer.json === undefined) {
    const headers: Record<string, string> = answer.text ? { 'Content-Type': 'text/plain; charset=utf-8' } : {};
    return { bytes: Buffer.from(answer.text ?? '', 'utf8'), headers };
  }
  const bytes = Buffer.from(JSON.stringify(patched(answer.json, fault?.patch)), 'utf8');
  const isMalformed = fault?.mutate === 'malformed-json';
  return {
    bytes: isMalformed ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
  };
}

function patched(json: unknown, patch: Record<string, unknown> | undefined): unknown {
  if (!patch || typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries({ ...json, ...patch }).filter(([name]) => patch[name] !== null));
}

function readHeaders(response: ServerResponse): Record<string, string> {
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
