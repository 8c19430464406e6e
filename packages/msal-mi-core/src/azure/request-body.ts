import { RestError, type PipelineRequest } from '@azure/core-rest-pipeline';

/** True when the body can be sent again: a function makes a new one each time. */
export function isReplayable({ body }: PipelineRequest): boolean {
  if (body === undefined || body === null || typeof body !== 'object') return true;
  return body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob;
}

/**
 * The body of an SDK request as `fetch` takes it, with progress reported as it is sent. Nothing that makes `fetch` add a
 * content type of its own.
 *
 * @param headers - Gets the content-length of a body that is streamed for the sake of the reports.
 */
export function toFetchBody(request: PipelineRequest, headers: Headers): Pick<RequestInit, 'body' | 'duplex'> {
  const source: unknown = typeof request.body === 'function' ? request.body() : request.body;
  if (source === undefined || source === null || source === '') return {};
  const body = untyped(source);
  if (isSpent(body)) {
    throw new RestError('The request body is a stream that was read before: it cannot be sent again.', {
      code: RestError.REQUEST_SEND_ERROR,
      request,
    });
  }
  const report = request.onUploadProgress;
  if (report === undefined) {
    return { body: isIterable(body) ? bytesOf(body) : (body as Blob), duplex: 'half' };
  }
  const length = lengthOf(body);
  if (length !== undefined) headers.set('content-length', length);
  return { body: reportProgress(body, report), duplex: 'half' };
}

/** Streams of Node.js may hold strings. */
async function* bytesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

function untyped(source: unknown): unknown {
  if (typeof source === 'string') return Buffer.from(source);
  return source instanceof Blob && source.type !== '' ? source.slice(0, source.size, '') : source;
}

function isSpent(body: unknown): boolean {
  if (body instanceof ReadableStream) return body.locked;
  return typeof body === 'object' && body !== null && 'readableDidRead' in body && body.readableDidRead === true;
}

function lengthOf(body: unknown): string | undefined {
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return String(body.byteLength);
  return body instanceof Blob ? String(body.size) : undefined;
}

async function* reportProgress(
  source: unknown,
  report: (progress: { loadedBytes: number }) => void,
): AsyncGenerator<Uint8Array> {
  let loadedBytes = 0;
  const chunks = isIterable(source) ? source : (new Response(source as Blob).body as AsyncIterable<Uint8Array>);
  for await (const chunk of bytesOf(chunks)) {
    yield chunk;
    loadedBytes += chunk.byteLength;
    report({ loadedBytes });
  }
}

function isIterable(source: unknown): source is AsyncIterable<Uint8Array | string> {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
}
