import { bodyFrom, bodyOfRequest, lengthOf, type RequestBody } from './request-body.js';

/** What `fetch` was asked for, validated. */
export interface FetchRequest {
  readonly method: string;
  readonly url: URL;
  /** The caller's headers; those that describe the body are added when it is sent. */
  readonly headers: Headers;
  readonly body: RequestBody | undefined;
  readonly redirect: 'follow' | 'error' | 'manual';
  readonly signal: AbortSignal | undefined;
}

// The platform's Request judges these; they change nothing on a server-side connection.
const JUDGED_BY_PLATFORM = [
  'method',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
] as const;

// RFC 9110 section 7.6.1 and 10.1: they speak of the connection, which is not the caller's.
const CONNECTION_HEADERS = [
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Reads the arguments of a `fetch` call.
 *
 * @throws TypeError for whatever the standard forbids, for URLs other than https, and for options that choose
 *   another connection (`dispatcher`, `agent`). Header values and credentials in the URL appear in no message.
 */
export async function parseFetchRequest(
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<FetchRequest> {
  const member = (name: string): unknown => (init as Record<string, unknown> | undefined)?.[name];
  for (const name of ['dispatcher', 'agent']) {
    if (member(name) != null) {
      throw new TypeError(
        `The option '${name}' cannot be used: the connection belongs to the certificate. For a client of your own, pass binding.tlsOptions() to it.`,
      );
    }
  }
  if (typeof member('integrity') === 'string' && member('integrity') !== '') {
    throw new TypeError("The option 'integrity' is not supported.");
  }

  const url = parseUrl(input instanceof Request ? input.url : input);
  const source = member('body');
  const platform: Record<string, unknown> = { signal: null };
  for (const name of JUDGED_BY_PLATFORM) {
    if (member(name) !== undefined) platform[name] = member(name);
  }
  if (member('headers') !== undefined) platform['headers'] = parseHeaders(member('headers'));
  if (source != null) {
    platform['body'] = new Uint8Array(0);
  }
  const request = new Request(input instanceof Request ? input : url, platform);
  const signal = parseSignal(member('signal'), input);

  let body: RequestBody | undefined;
  if (source != null) body = bodyFrom(source, member('duplex'));
  else if (request.body !== null) body = await bodyOfRequest(request.body);

  const headers = request.headers;
  checkHeaders(headers, url, body);
  if (body?.contentType !== undefined && !headers.has('content-type')) headers.set('content-type', body.contentType);
  return { method: request.method, url, headers, body, redirect: request.redirect, signal };
}

function parseUrl(input: string | URL): URL {
  let url: URL;
  try {
    url = new URL(input);
  } catch {
    throw new TypeError('The URL is not valid, or not absolute.');
  }
  if (url.username !== '' || url.password !== '') throw new TypeError('The URL carries a user name or a password.');
  if (url.protocol !== 'https:') {
    throw new TypeError(`Only https can present a certificate; the URL begins with ${url.protocol}`);
  }
  return url;
}

function parseHeaders(init: unknown): Headers {
  try {
    return new Headers(init as RequestInit['headers']);
  } catch {
    // The platform's message quotes the value, which may be a token.
    throw new TypeError('A header has a name or a value that HTTP does not allow.');
  }
}

function parseSignal(signal: unknown, input: string | URL | Request): AbortSignal | undefined {
  if (signal === undefined) return input instanceof Request ? input.signal : undefined;
  if (signal === null) return undefined;
  if (typeof signal !== 'object' || !('aborted' in signal) || !('addEventListener' in signal)) {
    throw new TypeError("The option 'signal' is not an AbortSignal.");
  }
  return signal as AbortSignal;
}

function checkHeaders(headers: Headers, url: URL, body: RequestBody | undefined): void {
  for (const name of CONNECTION_HEADERS) {
    if (headers.has(name)) throw new TypeError(`The header '${name}' cannot be set: it belongs to the connection.`);
  }
  const connection = headers.get('connection')?.toLowerCase();
  if (connection === 'keep-alive') headers.delete('connection');
  else if (connection !== undefined && connection !== 'close') {
    throw new TypeError("The header 'connection' can only be close or keep-alive.");
  }
  const host = headers.get('host');
  if (host !== null && host.toLowerCase() !== url.host) {
    throw new TypeError("The header 'host' names another host than the URL.");
  }
  headers.delete('host');
  const length = headers.get('content-length');
  if (length === null) return;
  const known = body === undefined ? 0 : lengthOf(body);
  if (!/^\d+$/.test(length) || (known !== undefined && known !== Number(length))) {
    throw new TypeError("The header 'content-length' is not the length of the body.");
  }
}
