import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i;

/** Why a request is turned away, and how. */
export interface Rejection {
  status: 400 | 403 | 421;
  error: 'invalid_request' | 'forbidden' | 'misdirected_request';
  reason: string;
}

/**
 * Judges a request by its headers alone: whether it comes from a program on this machine, and not from a web page. It is asked
 * before anything is read, taken from a script or written down.
 * @returns undefined for a request that may go on
 */
export function findRejection(request: IncomingMessage): Rejection | undefined {
  const { host, origin } = request.headers;
  if (countHostHeaders(request) > 1) {
    return { status: 400, error: 'invalid_request', reason: 'there is more than one Host header' };
  }
  // A name that an attacker resolves to loopback (DNS rebinding) stays in Host.
  if (host === undefined || !LOOPBACK_HOST.test(host)) {
    return { status: 421, error: 'misdirected_request', reason: 'Host is not a loopback name' };
  }
  if (origin !== undefined && origin.toLowerCase() !== ownOrigin(request, host)) {
    return { status: 403, error: 'forbidden', reason: 'a web page of another origin asks' };
  }
  // Browsers leave Origin out of simple GET requests, but not this one (Fetch Metadata).
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none' && site !== 'same-origin' && !opensThePage(request)) {
    return { status: 403, error: 'forbidden', reason: 'a web page of another site asks' };
  }
  return undefined;
}

function countHostHeaders({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

function ownOrigin({ socket }: IncomingMessage, host: string): string {
  return `${socket instanceof TLSSocket ? 'https' : 'http'}://${host.toLowerCase()}`;
}

/** A link from elsewhere may open the journal page, which no other page can put in a frame or read. */
function opensThePage({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    url === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  );
}
