import type { ServerResponse } from 'node:http';
import type { Journal } from '../journal.js';
import type { JournalEntry } from '../types.js';
import type { World } from '../world.js';
import { CONTENT_SECURITY_POLICY, renderPage } from './page-html.js';

const MOST_VIEWERS = 16;
const HEARTBEAT_MS = 15_000;
/** A viewer that reads slower than this is cut off; its browser connects again. */
const MOST_UNSENT_BYTES = 16 * 1024 * 1024;

/** What the IMDS port shows to people and to health checks, beside IMDS. */
export interface JournalPage {
  /** Serves `/`, `/events` and `/health`; returns false for any other path. */
  serve(path: string, method: string, response: ServerResponse): boolean;
  /** Ends the open event streams. */
  close(): void;
}

/** The journal for people: a page, and the server-sent events behind it. */
export function createJournalPage(journal: Journal, world: World): JournalPage {
  const html = renderPage(world.addresses, world.configuration.bearerOnlyAudiences);
  const viewers = new Set<ServerResponse>();
  const heartbeat = setInterval(() => {
    for (const viewer of viewers) viewer.write(': still here\n\n');
  }, HEARTBEAT_MS).unref();
  const stopListening = journal.listen((entry) => {
    const event = entry ? entryEvent(entry) : 'event: cleared\ndata: {}\n\n';
    for (const viewer of viewers) send(viewer, event);
  });
  return {
    serve(path, method, response) {
      if (path !== '/' && path !== '/events' && path !== '/health') return false;
      setCommonHeaders(response);
      if (method !== 'GET' && method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      } else if (path === '/') {
        response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
        respond(response, method, 'text/html; charset=utf-8', html);
      } else if (path === '/health') {
        respond(response, method, 'application/json; charset=utf-8', JSON.stringify(describe(world)));
      } else {
        stream(response, method, journal, viewers);
      }
      return true;
    },
    close() {
      stopListening();
      clearInterval(heartbeat);
      for (const viewer of viewers) viewer.end();
    },
  };
}

function setCommonHeaders(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}

function respond(response: ServerResponse, method: string, contentType: string, text: string): void {
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(method === 'HEAD' ? undefined : text);
}

function stream(response: ServerResponse, method: string, journal: Journal, viewers: Set<ServerResponse>): void {
  if (viewers.size >= MOST_VIEWERS) {
    response.writeHead(503, { 'Retry-After': '5' }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  viewers.add(response);
  response.once('close', () => viewers.delete(response));
  // A browser that connects again starts over, so that it never shows an entry twice.
  response.write('retry: 1000\nevent: cleared\ndata: {}\n\n');
  for (const entry of journal.snapshot()) response.write(entryEvent(entry));
}

function send(viewer: ServerResponse, event: string): void {
  if (viewer.writableLength > MOST_UNSENT_BYTES) viewer.destroy();
  else viewer.write(event);
}

/** JSON has no raw line ends, so one data line holds it. */
function entryEvent(entry: JournalEntry): string {
  return `event: entry\ndata: ${JSON.stringify(entry)}\n\n`;
}

function describe({ addresses, configuration }: World): Record<string, unknown> {
  return {
    status: 'ok',
    imdsUrl: addresses.imds,
    tokenUrl: addresses.token,
    maaUrl: addresses.maa,
    resources: { handshake: addresses.handshake, vault: addresses.vault, arm: addresses.arm },
    tenantId: configuration.tenantId,
    systemAssigned: configuration.systemAssigned,
    identities: configuration.identities,
    attestation: configuration.attestationRequired ? 'required' : 'optional',
  };
}
