import type { MtlsResponse } from '../ports.js';
import type { CallLifetime } from './call-lifetime.js';
import { decodeContent } from './content-decoding.js';
import { FetchFailure, networkError } from './fetch-failure.js';

/** What a response is to say about the request it answers. */
export interface ResponseContext {
  readonly method: string;
  readonly url: URL;
  readonly redirected: boolean;
  /** False leaves the content as it came. */
  readonly decode: boolean;
}

const NULL_BODY_STATUSES = new Set([101, 103, 204, 205, 304]);
const DISCARD_LIMIT_BYTES = 64 * 1024;

// A body that is dropped unread would keep its connection open for ever.
const unread = new FinalizationRegistry<CallLifetime>((lifetime) => lifetime.abort());

/**
 * The platform's Response for an answer. Its body is read from the connection as the caller reads it, one chunk ahead
 * of nothing; cancelling it closes the connection.
 */
export function buildResponse(answer: MtlsResponse, context: ResponseContext, lifetime: CallLifetime): Response {
  const { status, statusText } = answer;
  try {
    const headers = responseHeaders(answer);
    if (context.method === 'HEAD' || NULL_BODY_STATUSES.has(status)) {
      void discardBody(answer).finally(() => lifetime.end());
      return describe(new Response(null, { status, statusText, headers }), context);
    }
    const content = context.decode ? decodeContent(answer.body, headers.get('content-encoding')) : answer.body;
    const stream = streamOf(content, lifetime);
    return describe(new Response(stream, { status, statusText, headers }), context);
  } catch {
    lifetime.abort();
    throw networkError(new FetchFailure('ERR_RESPONSE_UNUSABLE', 'The response has an unusable status or header.'));
  }
}

export function responseHeaders(answer: MtlsResponse): Headers {
  const headers = new Headers();
  for (const [name, value] of answer.headers) headers.append(name, value);
  return headers;
}

/** Reads a body that nobody wants, so that its connection can be used again; gives up on a long one. */
export async function discardBody(answer: MtlsResponse): Promise<void> {
  let length = 0;
  try {
    for await (const chunk of answer.body) {
      length += chunk.byteLength;
      if (length > DISCARD_LIMIT_BYTES) return;
    }
  } catch {
    // The connection is gone: nothing is left to be reused.
  }
}

function streamOf(content: AsyncIterable<Uint8Array>, lifetime: CallLifetime): ReadableStream {
  const chunks = content[Symbol.asyncIterator]();
  const stream = new ReadableStream(
    {
      type: 'bytes',
      start: (controller) => {
        const weak = new WeakRef(controller);
        lifetime.onAbort((reason) => weak.deref()?.error(reason));
      },
      pull: async (controller) => {
        try {
          let next = await chunks.next();
          while (next.done !== true && next.value.byteLength === 0) next = await chunks.next();
          if (next.done !== true) {
            if (!lifetime.signal.aborted) controller.enqueue(detachable(next.value));
            return;
          }
        } catch (error) {
          if (lifetime.signal.aborted) return;
          lifetime.end();
          controller.error(new TypeError('terminated', { cause: error }));
          return;
        }
        if (lifetime.signal.aborted) return;
        lifetime.end();
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: (reason) => {
        const returned = chunks.return?.();
        // A read that is pending would hold back the return.
        lifetime.abort(reason);
        void Promise.resolve(returned).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
  unread.register(stream, lifetime);
  return stream;
}

/** A byte stream takes the whole buffer behind what it is given: shared ones are copied. */
function detachable(chunk: Uint8Array): Uint8Array {
  return chunk.byteLength === chunk.buffer.byteLength ? chunk : new Uint8Array(chunk);
}

/** Only `fetch` of the platform can set these, so they are put over the getters, on clones too. */
function describe(response: Response, context: ResponseContext): Response {
  const url = new URL(context.url);
  url.hash = '';
  const clone = (): Response => describe(Response.prototype.clone.call(response), context);
  return Object.defineProperties(response, {
    url: { value: url.href },
    redirected: { value: context.redirected },
    type: { value: 'basic' },
    clone: { value: clone },
  });
}
