import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from '../faults/fault-types.js';
import type { Answer, Service } from './exchange.js';
import { isRecord } from '../is-record.js';

const ENDLESS_PIECE = Buffer.alloc(16 * 1024, 'x');

/** The bytes of an answer, as the fault wants them. */
export interface Payload {
  bytes: Buffer;
  headers: Record<string, string>;
}

/** The scripted answer of a fault with a status or a body. */
export function scriptedAnswer({ status, body }: Fault): Answer {
  const answer = { status: status ?? 200, failure: 'scripted fault' };
  if (body === undefined) return answer;
  return typeof body === 'string' ? { ...answer, text: body } : { ...answer, json: body };
}

/** Turns an answer into bytes. */
export function render(answer: Answer, fault: Fault | undefined): Payload {
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

/** Sets status and headers of an answer; what the fault says comes last. */
export function setHead(
  response: ServerResponse,
  answer: Answer,
  payload: Payload,
  {
    service,
    fault,
    mustClose,
    nowMs,
  }: { service: Service; fault: Fault | undefined; mustClose: boolean; nowMs: number },
): void {
  response.statusCode = answer.status;
  const headers = { ...service.standingHeaders, ...payload.headers, ...answer.headers };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (mustClose) response.setHeader('Connection', 'close');
  if (fault?.retryAfter) response.setHeader('Retry-After', retryAfter(fault.retryAfter, nowMs));
  for (const [name, value] of Object.entries(fault?.headers ?? {})) {
    if (value === null) response.removeHeader(name);
    else response.setHeader(name, value);
  }
  const hasNoBody = answer.status === 204 || answer.status === 304;
  if (fault?.endlessBody !== true && !hasNoBody && !response.hasHeader('Content-Length')) {
    response.setHeader('Content-Length', payload.bytes.length);
  }
}

/** Headers of an answer as they leave. */
export function readHeaders(response: ServerResponse): Record<string, string> {
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** Sends bytes as fast as the client takes them, until it goes away. */
export function sendEndlessly(response: ServerResponse, start: Buffer): void {
  const more = (): void => {
    if (response.destroyed) return;
    // One piece per turn of the event loop: an endless answer must not keep the emulator from the others.
    if (response.write(ENDLESS_PIECE)) setImmediate(more);
    else response.once('drain', more);
  };
  response.write(start);
  more();
}

/** Sends `101 Switching Protocols` and leaves the connection to the client. */
export function switchProtocols({ socket }: IncomingMessage, headers: Record<string, string>): void {
  const lines = Object.entries({ connection: 'Upgrade', upgrade: 'websocket', ...headers });
  const head = lines.filter(([name]) => name !== 'content-length').map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${head.join('')}\r\n`);
}

function retryAfter({ seconds, as }: NonNullable<Fault['retryAfter']>, nowMs: number): string {
  return as === 'http-date' ? new Date(nowMs + seconds * 1000).toUTCString() : String(seconds);
}

function patched(json: unknown, patch: Record<string, unknown> | undefined): unknown {
  if (!patch || !isRecord(json)) return json;
  return Object.fromEntries(Object.entries({ ...json, ...patch }).filter(([name]) => patch[name] !== null));
}
