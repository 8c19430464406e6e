import { isTraced, trace } from '../diagnostics/channels.js';
import { isTransportError, type MtlsChannel, type MtlsResponse, TransportError } from '../ports.js';
import type { HeaderList } from './header-list.js';
import { ACCEPTED_CODINGS } from './content-decoding.js';
import { networkError } from './fetch-failure.js';
import { isIdempotent, parseFetchRequest, type FetchRequest } from './fetch-request.js';
import { abandonBody, buildResponse, dropBody, headerOf } from './fetch-response.js';
import { nextRequest, REDIRECT_STATUSES } from './redirect.js';
import { lengthOf, openBody } from './request-body.js';
import { UploadBody } from './upload-body.js';

const DEFAULT_HEADERS = [
  ['accept', '*/*'],
  ['accept-encoding', ACCEPTED_CODINGS],
  ['user-agent', 'node'],
] as const;

/**
 * `fetch` over the connections of one certificate, with the semantics of the platform's `fetch` except that
 *
 * - only https URLs are accepted, and `dispatcher`, `agent` and `integrity` are refused;
 * - a redirect is followed within the same origin only: `redirect: 'follow'` fails for another origin, with
 *   `cause.code` `ERR_REDIRECT_CROSS_ORIGIN`, and nothing is sent there;
 * - content is decoded (gzip, deflate, br) only when the caller set no `accept-encoding` header;
 * - there is no time limit but the caller's `signal`.
 *
 * No `Authorization` header is added.
 *
 * @throws TypeError: bad arguments; or `fetch failed` when no answer arrived, with `cause.code` telling why
 *   (`ECONNREFUSED`, `CERT_HAS_EXPIRED`, a FetchFailureCode, ...). When `signal` aborts, its reason is thrown as it is.
 */
export async function fetchOverChannel(
  channel: MtlsChannel,
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const parsed = parseFetchRequest(input, init);
  return sendOverChannel(channel, parsed instanceof Promise ? await parsed : parsed);
}

const channels = new WeakMap<object, MtlsChannel>();

/** {@link fetchOverChannel} as a function of its own. */
export function createChannelFetch(
  channel: MtlsChannel,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const fetch = (input: string | URL | Request, init?: RequestInit) => fetchOverChannel(channel, input, init);
  channels.set(fetch, channel);
  return fetch;
}

/** The connections behind such a function of a binding; undefined for any other, also of another copy of this library. */
export function channelBehind({ fetch }: { readonly fetch: object }): MtlsChannel | undefined {
  return channels.get(fetch);
}

/** As {@link fetchOverChannel}, of what was parsed already. */
export function sendOverChannel(channel: MtlsChannel, request: FetchRequest): Promise<Response> {
  if (!isTraced('resource')) return follow(channel, request);
  return trace('resource', correlationIdOf(request), () => follow(channel, request));
}

/** The caller's own, under the names that Azure services know; else empty. */
function correlationIdOf({ headers }: FetchRequest): string {
  return headers.get('x-ms-client-request-id') ?? headers.get('client-request-id') ?? '';
}

/** Until the head of an answer that is the caller's. */
async function follow(channel: MtlsChannel, first: FetchRequest): Promise<Response> {
  const { signal } = first;
  signal?.throwIfAborted();
  const decode = !first.headers.has('accept-encoding');
  let request = first;
  for (let followed = 0; ; followed += 1) {
    const answer = await send(channel, request).catch((error: unknown) => {
      throw followed === 0 ? error : notReplaceable(error);
    });
    let next: FetchRequest | undefined;
    try {
      next = nextRequest(
        request,
        answer.status,
        REDIRECT_STATUSES.has(answer.status) ? headerOf(answer, 'location') : null,
        followed,
      );
    } catch (error) {
      abandonBody(answer);
      throw error;
    }
    if (next === undefined) {
      const { method, url } = request;
      return buildResponse(answer, { method, url, redirected: followed > 0, decode, signal });
    }
    void dropBody(answer);
    request = next;
  }
}

async function send(channel: MtlsChannel, request: FetchRequest): Promise<MtlsResponse> {
  const { method, url, signal } = request;
  const headers = outgoingHeaders(request.headers);
  const opened = request.body && openBody(request.body, signal);
  let body: Uint8Array | UploadBody | undefined;
  if (opened === undefined || opened instanceof Uint8Array) {
    // POST and PUT without a body say so with a length of 0.
    body = opened ?? (method === 'POST' || method === 'PUT' ? new Uint8Array(0) : undefined);
  } else {
    const length = declaredLength(request);
    if (length !== undefined) headers.push(['content-length', String(length)]);
    body = new UploadBody(opened, length);
  }
  try {
    return await channel.send({
      method,
      url,
      headers,
      idempotent: isIdempotent(method),
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    if (body instanceof UploadBody && body.failure !== undefined) throw networkError(body.failure.error);
    throw networkError(isTransportError(error) ? withHost(error, url) : error);
  }
}

/** Who failed (D29): the connections themselves serve many hosts. */
function withHost({ failure, code, message, win32 }: TransportError, { host }: URL): TransportError {
  return new TransportError(failure, code, `${host}: ${message}`, win32);
}

/** A redirect was followed, so a request was carried out: it must not be sent again under another certificate (D30). */
function notReplaceable(error: unknown): unknown {
  const cause = error instanceof TypeError ? error.cause : undefined;
  if (!isTransportError(cause) || cause.failure !== 'client_certificate_rejected') return error;
  return networkError(new TransportError('tls', cause.code, cause.message, cause.win32));
}

/** Without content-length, which depends on how the body is sent. */
function outgoingHeaders(headers: HeaderList): Array<readonly [name: string, value: string]> {
  const outgoing = [...headers].filter(([name]) => name !== 'content-length');
  for (const [name, value] of DEFAULT_HEADERS) if (!headers.has(name)) outgoing.push([name, value]);
  return outgoing;
}

function declaredLength({ body, headers }: FetchRequest): number | undefined {
  const known = body && lengthOf(body);
  const declared = headers.get('content-length');
  return known ?? (declared === null ? undefined : Number(declared));
}
