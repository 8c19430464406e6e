import { FetchFailure, networkError } from './fetch-failure.js';
import type { FetchRequest } from './fetch-request.js';
import { HeaderList } from './header-list.js';
import { isReplayable } from './request-body.js';

export const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 20;
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type'];

/**
 * The request that a redirect asks for, by the rules of the Fetch standard, but never at another origin: the
 * credentials of a request are meant for the server it names.
 *
 * @param followed - How many redirects were followed before this one.
 * @returns undefined when the answer is to be given to the caller as it is.
 * @throws TypeError whose `cause.code` is an `ERR_REDIRECT_...` code.
 */
export function nextRequest(
  request: FetchRequest,
  status: number,
  location: string | null,
  followed: number,
): FetchRequest | undefined {
  if (!REDIRECT_STATUSES.has(status) || request.redirect === 'manual') return undefined;
  if (request.redirect === 'error') throw failure('ERR_REDIRECT_REFUSED', "A redirect came, and redirect is 'error'.");
  if (location === null) return undefined;
  const url = parseLocation(location, request.url);
  if (url.origin !== request.url.origin) {
    throw failure('ERR_REDIRECT_CROSS_ORIGIN', 'The server redirects to another origin; nothing was sent there.');
  }
  if (followed >= MAX_REDIRECTS) throw failure('ERR_REDIRECT_LIMIT', `More than ${MAX_REDIRECTS} redirects.`);

  if (becomesGet(status, request.method)) return { ...withoutBody(request), url, method: 'GET' };
  if (request.body !== undefined && !isReplayable(request.body)) {
    throw failure('ERR_REDIRECT_BODY', 'The redirect asks for the body again, and a stream cannot be sent twice.');
  }
  return { ...request, url };
}

/** Fetch standard, HTTP-redirect fetch: where to look for the answer to what was sent. */
function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

function withoutBody(request: FetchRequest): FetchRequest {
  const headers = new HeaderList(request.headers);
  for (const name of BODY_HEADERS) headers.delete(name);
  return { ...request, headers, body: undefined };
}

function parseLocation(location: string, base: URL): URL {
  let url: URL;
  try {
    // Header values arrive as one character per byte; URLs in them are UTF-8.
    url = new URL(Buffer.from(location, 'latin1').toString(), base);
  } catch {
    throw failure('ERR_REDIRECT_LOCATION', 'The Location header is not a URL.');
  }
  if (url.username !== '' || url.password !== '') {
    throw failure('ERR_REDIRECT_LOCATION', 'The Location header carries a user name or a password.');
  }
  if (url.hash === '') url.hash = base.hash;
  return url;
}

function failure(code: FetchFailure['code'], message: string): TypeError {
  return networkError(new FetchFailure(code, message));
}
