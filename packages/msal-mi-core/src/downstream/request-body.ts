import { isAnyArrayBuffer } from 'node:util/types';
import { encodeMultipart } from './multipart.js';

/** A request body, whatever it was made from. */
export interface RequestBody {
  /** The type the body implies; a content-type header of the caller wins. */
  readonly contentType: string | undefined;
  /** In bytes; undefined when only the end of the stream tells. */
  readonly length: number | undefined;
  /** True when `open` may be called more than once. */
  readonly replayable: boolean;
  /** @param signal - Names the reason when the source has to be cancelled. */
  open(signal: AbortSignal): Uint8Array | AsyncIterable<unknown>;
}

/**
 * The body of `init.body`, by the rules of the Fetch standard; async iterables are taken as Node.js takes them.
 * Bytes are copied: what the caller does to its buffer afterwards does not matter.
 *
 * @throws TypeError for a stream that was read before, or that comes without `duplex: 'half'`.
 */
export function bodyFrom(source: unknown, duplex: unknown): RequestBody {
  if (typeof source === 'string') return bytesBody(Buffer.from(source), 'text/plain;charset=UTF-8');
  if (source instanceof URLSearchParams) {
    return bytesBody(Buffer.from(source.toString()), 'application/x-www-form-urlencoded;charset=UTF-8');
  }
  if (isAnyArrayBuffer(source)) return bytesBody(new Uint8Array(source.slice(0)));
  if (ArrayBuffer.isView(source)) {
    return bytesBody(new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice());
  }
  if (source instanceof Blob) return blobBody(source, source.type === '' ? undefined : source.type);
  if (source instanceof FormData) {
    const { content, contentType } = encodeMultipart(source);
    return blobBody(content, contentType);
  }
  if (source instanceof ReadableStream) {
    requireHalfDuplex(duplex);
    if (source.locked) throw new TypeError('The request body is a stream that is locked to another reader.');
    return streamBody((signal) => chunksOf(source, signal));
  }
  if (isAsyncIterable(source)) {
    requireHalfDuplex(duplex);
    return streamBody(() => source);
  }
  return bytesBody(Buffer.from(String(source)), 'text/plain;charset=UTF-8');
}

/**
 * The body of a Request. It shows only a stream; but when it was made from a string or from bytes, all of it is there
 * at once: then it is sent with its length and can be sent again.
 */
export async function bodyOfRequest(stream: ChunkSource): Promise<RequestBody> {
  const reader = stream.getReader();
  const first = reader.read();
  const second = reader.read();
  second.catch(() => undefined);
  const start = await Promise.race([Promise.all([first, second]), nextTurn()]);
  if (start !== undefined) {
    const [{ done, value }, end] = start;
    if (done) return bytesBody(new Uint8Array(0));
    if (end.done && value instanceof Uint8Array) return bytesBody(value);
  }
  return streamBody((signal) => chunksOf({ getReader: () => reader }, signal, [first, second]));
}

const nextTurn = (): Promise<undefined> => new Promise((resolve) => setImmediate(resolve, undefined));

function bytesBody(bytes: Uint8Array, contentType?: string): RequestBody {
  return { contentType, length: bytes.byteLength, replayable: true, open: () => bytes };
}

function blobBody(blob: Blob, contentType: string | undefined): RequestBody {
  return {
    contentType,
    length: blob.size,
    replayable: true,
    open: (signal) => chunksOf(blob.stream(), signal),
  };
}

function streamBody(open: (signal: AbortSignal) => AsyncIterable<unknown>): RequestBody {
  return { contentType: undefined, length: undefined, replayable: false, open };
}

/** Unlike the stream's own iterator, `return` cancels at once, with the reason, also while a read is pending. */
function chunksOf(
  stream: ChunkSource,
  signal: AbortSignal,
  read: Array<Promise<ReadResult>> = [],
): AsyncIterable<unknown> {
  const reader = stream.getReader();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async (): Promise<IteratorResult<unknown>> => {
        const { done, value } = await (read.shift() ?? reader.read());
        return done ? { done: true, value: undefined } : { done: false, value };
      },
      return: async (): Promise<IteratorResult<unknown>> => {
        await reader.cancel(signal.reason).catch(() => undefined);
        return { done: true, value: undefined };
      },
    }),
  };
}
type ReadResult = { done: boolean; value?: unknown };
interface ChunkSource {
  getReader(): { read(): Promise<ReadResult>; cancel(reason?: unknown): Promise<void> };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function requireHalfDuplex(duplex: unknown): void {
  if (duplex !== 'half') throw new TypeError("A request body that is a stream needs the option duplex: 'half'.");
}
