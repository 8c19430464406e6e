import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { thumbprintS256 } from '../crypto/thumbprint.js';
import type { Fault } from '../faults/fault-types.js';
import { LONGEST_BODY_BYTES } from '../journal.js';
import { endConnection } from './connection-faults.js';
import type { Answer, Exchange, Service } from './exchange.js';
import type { Listener } from './listener.js';
import { readBody } from './read-body.js';
import { readHeaders, render, scriptedAnswer, sendEndlessly, setHead, switchProtocols } from './render-answer.js';
import type { ServeContext } from './serve-context.js';

/** On a connection that is open already, a lost handshake becomes a lost request. */
const BEFORE_THE_ANSWER: ReadonlySet<Fault['reset']> = new Set<Fault['reset']>([
  'handshake',
  'after-handshake',
  'before-response',
]);

/** Who talks, and about what. */
interface Parties {
  request: IncomingMessage;
  response: ServerResponse;
  service: Service;
  listener: Listener;
  context: ServeContext;
}

/** One request of an admitted client, and its answer. */
export class Conversation {
  readonly #parties: Parties;
  readonly #startedAt: number;
  readonly #startedMs = performance.now();
  #body: Buffer = Buffer.alloc(0);
  #fault: Fault | undefined;

  constructor(parties: Parties) {
    this.#parties = parties;
    this.#startedAt = parties.context.now();
  }

  /** Reads the request, lets a fault meet it, and answers. */
  async run(): Promise<void> {
    const { request, response, service, context } = this.#parties;
    const url = parseTarget(request.url ?? '');
    if (!url) {
      this.#send({ status: 400, json: { error: 'invalid_request' }, failure: 'malformed request target' }, true);
      return;
    }
    if (service.serveAside?.(url.pathname, request.method ?? '', response)) return;
    const leg = service.faultLeg(url.pathname);
    this.#fault = leg && context.faults.takeEarly(leg, 'handshake', 'after-handshake');
    if (this.#fault) {
      this.#lose('before the request was read');
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
    const exchange = this.#exchangeOf(url);
    this.#fault = leg && context.faults.take(leg, service.audienceOf?.(exchange));
    await this.#answer(exchange);
  }

  async #answer(exchange: Exchange): Promise<void> {
    const fault = this.#fault;
    if (fault?.delayMs !== undefined && !(await this.#waitOut(fault.delayMs))) {
      this.#record(0, {}, undefined, 'the client went away before the answer');
      return;
    }
    if (BEFORE_THE_ANSWER.has(fault?.reset) || BEFORE_THE_ANSWER.has(fault?.hang)) {
      this.#lose('before the answer');
      return;
    }
    const answer = await this.#carryOut({ ...exchange, mutate: fault?.mutate, certificate: fault?.certificate });
    if (fault?.reset === 'after-processing') {
      this.#lose(`after the request was carried out (${answer.status})`);
      return;
    }
    this.#send(answer);
  }

  async #carryOut(exchange: Exchange): Promise<Answer> {
    const { service, request } = this.#parties;
    const fault = this.#fault;
    if (fault?.oauthError && service.errorAnswer) {
      return withStatus(service.errorAnswer(fault.oauthError, request.headers), fault.status);
    }
    if (fault?.oauthError) return { status: fault.status ?? 400, json: fault.oauthError };
    if (fault?.refusal && service.refuse) return withStatus(service.refuse(fault.refusal, exchange), fault.status);
    if (fault && (fault.status !== undefined || fault.body !== undefined)) return scriptedAnswer(fault);
    try {
      return await service.answer(exchange);
    } catch (error) {
      return { status: 500, json: { error: 'server_error' }, failure: `emulator defect: ${String(error)}` };
    }
  }

  #exchangeOf(url: URL): Exchange {
    const { request } = this.#parties;
    const tlsSocket = request.socket instanceof TLSSocket ? request.socket : undefined;
    return {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: this.#body,
      peerCertificate: tlsSocket?.getPeerX509Certificate(),
      tlsSocket,
    };
  }

  /** @returns false when the client went away meanwhile */
  async #waitOut(delayMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), delayMs);
      this.#parties.response.once('close', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  /** Cuts the connection, or falls silent, as the fault wants it. */
  #lose(when: string): void {
    const { request, listener } = this.#parties;
    const { hang, reset, resetBy } = this.#fault ?? {};
    this.#record(0, {}, undefined, `connection ${hang ? 'silent' : 'cut'} by a scripted fault ${when}`);
    if (hang) return;
    endConnection(listener, request.socket, resetBy ?? (reset === 'after-processing' ? 'rst' : 'fin'));
  }

  #send(answer: Answer, isUnread = false): void {
    const { request, response, service, listener, context } = this.#parties;
    const fault = this.#fault;
    const payload = render(answer, fault);
    const mustClose = isUnread || !context.keepAlive;
    setHead(response, answer, payload, { service, fault, mustClose, nowMs: context.now() });
    // Before the answer leaves: whoever has seen an answer finds it in the journal.
    this.#record(answer.status, readHeaders(response), payload.bytes, answer.failure);
    if (answer.status === 101) {
      switchProtocols(request, fault?.headers ? readHeaders(response) : {});
    } else if (fault?.endlessBody) {
      sendEndlessly(response, payload.bytes);
    } else if (fault?.reset === 'mid-body' || fault?.hang === 'mid-body') {
      response.write(payload.bytes.subarray(0, Math.floor(payload.bytes.length / 2)), () => {
        if (fault.reset) endConnection(listener, request.socket, fault.resetBy ?? 'fin');
      });
    } else {
      response.end(request.method === 'HEAD' ? undefined : payload.bytes, () => {
        // A request that was not read to its end leaves bytes behind that nobody will parse.
        if (isUnread) request.socket.destroySoon();
      });
    }
  }

  #record(status: number, responseHeaders: Record<string, string>, responseBody?: Buffer, failure?: string): void {
    const { request, context } = this.#parties;
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
      ...(this.#body.length > 0 ? { body: textOf(this.#body) } : {}),
      ...(responseBody && responseBody.length > 0 ? { responseBody: textOf(responseBody) } : {}),
      ...(peer ? { clientCertificateS256: thumbprintS256(peer.raw) } : {}),
      ...(this.#fault ? { fault: this.#fault } : {}),
      ...(failure === undefined ? {} : { failure }),
    });
  }
}

/** Cut before it becomes text: a piece of a longer string would keep all of it in memory. */
function textOf(bytes: Buffer): string {
  return bytes.toString('utf8', 0, LONGEST_BODY_BYTES);
}

function withStatus(answer: Answer, status: number | undefined): Answer {
  return status === undefined ? answer : { ...answer, status };
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
