import { isNativeError } from 'node:util/types';
import { parseSignal } from '../options/options.js';
import { CHANGING_NOTHING, readFetchInit, type FetchInit } from './fetch-init.js';
import { toOwnRequest } from './foreign-request.js';
import { HeaderList } from './header-list.js';
import { bodyFrom, bodyOfRequest, lengthOf, type RequestBody } from './request-body.js';

/** What `fetch` was asked for, validated. */
export interface FetchRequest {
  readonly method: string;
  readonly url: URL;
  /** The caller's headers; those that describe the body are added when it is sent. */
  readonly headers: HeaderList;
  readonly body: RequestBody | undefined;
  readonly redirect: 'follow' | 'error' | 'manual';
  readonly signal: AbortSignal | undefined;
}

const IDEMPOTENT_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** RFC 9110 section 9.2.2: sending it twice does what sending it once does. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT_METHODS.has(method);
}

const ORDINARY_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const METHODS_WITHOUT_BODY = ['GET', 'HEAD'] as const;
const REDIRECT_MODES = ['follow', 'error', 'manual'] as const;

// RFC 9110 section 7.6.1 and 10.1: they speak of the connection, which is not the caller's.
const CONNECTION_HEADERS = new Set([
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Reads the arguments of a `fetch` call.
 *
 * @throws TypeError for whatever the standard forbids, for URLs other than https, and for options that choose
 *   another connection (`dispatcher`, `agent`). Header values and credentials in the URL appear in no message.
 */
export function parseFetchRequest(
  given: string | URL | Request,
  init: RequestInit | undefined,
): FetchRequest | Promise<FetchRequest> {
  try {
    return parse(toOwnRequest(given), readFetchInit(init));
  } catch (error) {
    throw isTypeError(error) ? error : new TypeError('The arguments of fetch cannot be read.');
  }
}

/** Those of the platform may be of another realm. */
function isTypeError(error: unknown): boolean {
  try {
    return isNativeError(error) && error.name === 'TypeError';
  } catch {
    return false;
  }
}

function parse(input: string | URL | Request, init: FetchInit): FetchRequest | Promise<FetchRequest> {
  for (const name of ['dispatcher', 'agent'] as const) {
    if (init[name] != null) {
      throw new TypeError(
        `The option '${name}' cannot be used: the connection belongs to the certificate. ` +
          'For a client of your own, pass binding.tlsOptions() to it.',
      );
    }
  }
  if (typeof init.integrity === 'string' && init.integrity !== '') {
    throw new TypeError("The option 'integrity' is not supported.");
  }

  const url = parseUrl(input instanceof Request ? input.url : input);
  const headers = init.headers === undefined ? undefined : parseHeaders(init.headers);
  const request = (input instanceof Request ? undefined : ordinary(init, headers)) ?? judged(input, init, headers);
  const signal = signalOf(init.signal, input);

  const finish = (body: RequestBody | undefined): FetchRequest => {
    const { method, redirect } = request;
    checkHeaders(request.headers, url, body);
    if (body?.contentType !== undefined && !request.headers.has('content-type')) {
      request.headers.set('content-type', body.contentType);
    }
    return { method, url, headers: request.headers, body, redirect, signal };
  };
  if (init.body != null) return finish(bodyFrom(init.body, init.duplex));
  return request.body === null ? finish(undefined) : bodyOfRequest(request.body).then(finish);
}

type Judged = Pick<FetchRequest, 'method' | 'headers' | 'redirect'> & { readonly body: Request['body'] };

/** Undefined when there is something for the platform to judge: making a Request costs more than most of a call. */
function ordinary(init: FetchInit, headers = new HeaderList()): Judged | undefined {
  const { method = 'GET', redirect = 'follow' } = init;
  if (!isOneOf(ORDINARY_METHODS, method) || !isOneOf(REDIRECT_MODES, redirect)) return undefined;
  if (isOneOf(METHODS_WITHOUT_BODY, method) && init.body != null) return undefined;
  if (CHANGING_NOTHING.some((name) => init[name] !== undefined)) return undefined;
  return { method, headers, redirect, body: null };
}

/** @throws TypeError for members that the standard forbids. */
function judged(input: string | URL | Request, init: FetchInit, headers: HeaderList | undefined): Judged {
  const judgedInit: Record<string, unknown> = { signal: null };
  for (const name of ['method', 'redirect', ...CHANGING_NOTHING] as const) {
    if (init[name] !== undefined) judgedInit[name] = init[name];
  }
  if (headers !== undefined) judgedInit['headers'] = [...headers];
  if (init.body != null) judgedInit['body'] = new Uint8Array(0);
  const { method, redirect, body, headers: all } = new Request(input, judgedInit);
  return { method, redirect, body, headers: new HeaderList(all) };
}

function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return (values as readonly unknown[]).includes(value);
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

function parseHeaders(init: unknown): HeaderList {
  try {
    return HeaderList.from(init);
  } catch {
    // The platform's message quotes the value, which may be a token.
    throw new TypeError('A header has a name or a value that HTTP does not allow.');
  }
}

/** One that init names, if only as null, takes the place of the request's own. */
function signalOf(named: unknown, input: string | URL | Request): AbortSignal | undefined {
  if (named === undefined) return input instanceof Request ? input.signal : undefined;
  return parseSignal(named, (message) => new TypeError(message));
}

/**
 * Takes out of `headers` what the connection decides.
 *
 * @throws TypeError for headers that cannot be the caller's.
 */
export function checkHeaders(headers: HeaderList, url: URL, body: RequestBody | undefined): void {
  for (const [name] of headers) {
    if (CONNECTION_HEADERS.has(name))
      throw new TypeError(`The header '${name}' cannot be set: it belongs to the connection.`);
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
