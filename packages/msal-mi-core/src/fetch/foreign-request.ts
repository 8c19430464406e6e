/** What another copy of `fetch` calls a Request. */
interface ForeignRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Iterable<[name: string, value: string]>;
  readonly body?: ReadableStream | null;
  readonly redirect: Request['redirect'];
  readonly signal: AbortSignal;
}

/**
 * Requests that another copy of `fetch` made, such as that of the package undici: the platform does not know them for its own
 * and would take them for a URL.
 */
export function toOwnRequest(input: string | URL | Request): string | URL | Request {
  if (input instanceof Request || !isForeignRequest(input)) return input;
  const { url, method, headers, body, redirect, signal } = input;
  return new Request(url, {
    method,
    headers: [...headers],
    redirect,
    signal,
    ...(body != null && { body, duplex: 'half' as const }),
  });
}

function isForeignRequest(value: unknown): value is ForeignRequest {
  if (typeof value !== 'object' || value === null || value instanceof URL) return false;
  const { url, method, headers, clone } = value as Readonly<Record<string, unknown>>;
  return (
    typeof url === 'string' &&
    typeof method === 'string' &&
    typeof headers === 'object' &&
    headers !== null &&
    Symbol.iterator in headers &&
    typeof clone === 'function'
  );
}
