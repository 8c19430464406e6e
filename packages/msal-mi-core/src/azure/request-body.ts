import type { PipelineRequest } from '@azure/core-rest-pipeline';

/**
 * The body of an SDK request as `fetch` takes it, with progress reported as it is sent.
 *
 * @param headers - Gets the content-length of a body that is streamed for the sake of the reports.
 */
export function toFetchBody(request: PipelineRequest, headers: Headers): Pick<RequestInit, 'body' | 'duplex'> {
  const source: unknown = typeof request.body === 'function' ? request.body() : request.body;
  if (source === undefined || source === null || source === '') return {};
  const report = request.onUploadProgress;
  if (report === undefined) return { body: source as ReadableStream, duplex: 'half' };
  const length = lengthOf(source);
  if (length !== undefined) headers.set('content-length', length);
  return { body: reportProgress(source, report), duplex: 'half' };
}

function lengthOf(source: unknown): string | undefined {
  if (typeof source === 'string') return String(Buffer.byteLength(source));
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return String(source.byteLength);
  return source instanceof Blob ? String(source.size) : undefined;
}

async function* reportProgress(
  source: unknown,
  report: (progress: { loadedBytes: number }) => void,
): AsyncGenerator<Uint8Array> {
  let loadedBytes = 0;
  const chunks = isIterable(source) ? source : (new Response(source as string).body as AsyncIterable<Uint8Array>);
  for await (const chunk of chunks) {
    yield chunk;
    loadedBytes += chunk.byteLength;
    report({ loadedBytes });
  }
}

function isIterable(source: unknown): source is AsyncIterable<Uint8Array> {
  return typeof source === 'object' && source !== null && Symbol.asyncIterator in source;
}
