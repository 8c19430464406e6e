import { isAnyArrayBuffer } from 'node:util/types';
import { encodeMultipart } from './multipart.js';

/** A request body, whatever it was made from. */
export interface RequestBody {
  /** What is sent. Bytes and blobs can be sent again, everything else is used up by sending. */
  readonly source: Uint8Array | Blob | ReadableStream | AsyncIterable<unknown>;
  /** The type that the body implies; a content-type header of the caller wins. */
  readonly contentType: string | undefined;
}

/** In bytes; undefined when only the end of the stream tells. */
export function lengthOf({ source }: RequestBody): number | undefined {
  if (source instanceof Uint8Array) return source.byteLength;
  return source instanceof Blob ? source.size : undefined;
}

/** True when the body may be opened more than once. */
export function isReplayable({ source }: RequestBody): boolean {
  return source instanceof Uint8Array || source instanceof Blob;
}

/** @param signal - Names the reason when a stream has to be cancelled. */
export function openBody(
  { source }: RequestBody,
  signal: AbortSignal | undefined,
): Uint8Array | AsyncIterable<unknown> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return chunksOf(source.stream(), signal);
  return source instanceof ReadableStream ? chunksOf(source, signal) : source;
}

/**
 * The body of `init.body`, by the rules of the Fetch standard; async iterables are taken as Node.js takes them.
 * Bytes are copied: what the caller does to its buffer afterwards does not matter.
 *
 * @throws TypeError for a stream that was read before, or that comes without `duplex: 'half'`.
 */
export function bodyFrom(source: unknown, duplex: unknown): RequestBody {
  if (typeof source === 'string') return { source: Buffer.from(source), contentType: TEXT };
  if (source instanceof URLSearchParams) {
    return { source: Buffer.from(source.toString()), contentType: FORM };
  }
  if (isAnyArrayBuffer(source)) return untyped(new Uint8Array(source.slice(0)));
  if (ArrayBuffer.isView(source)) {
    return untyped(new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice());
  }
  if (source instanceof Blob) return { source, contentType: source.type === '' ? undefined : source.type };
  if (source instanceof FormData) {
    const { content, contentType } = encodeMultipart(source);
    return { source: content, contentType };
  }
  if (source instanceof ReadableStream) {
    requireHalfDuplex(duplex);
    if (source.locked) throw new TypeError('The request body is a stream that is locked to another reader.');
    return untyped(source);
  }
  if (isAsyncIterable(source)) {
    requireHalfDuplex(duplex);
    return untyped(source);
  }
  return { source: Buffer.from(String(source)), contentType: TEXT };
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
    if (done) return untyped(new Uint8Array(0));
    if (end.done && value instanceof Uint8Array) return untyped(value);
  }
  const read = [first, second];
  return untyped(
    new ReadableStream(
      {
        pull: async (controller) => {
          const { done, value } = await (read.shift() ?? reader.read());
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    ),
  );
}

const TEXT = 'text/plain;charset=UTF-8';
const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

const untyped = (source: RequestBody['source']): RequestBody => ({ source, contentType: undefined });
const nextTurn = (): Promise<undefined> => new Promise((resolve) => setImmediate(resolve, undefined));

type ReadResult = { done: boolean; value?: unknown };
interface ChunkSource {
  getReader(): { read(): Promise<ReadResult>; cancel(reason?: unknown): Promise<void> };
}

/** Unlike the stream's own iterator, `return` cancels at once, with the reason, also while a read is pending. */
function chunksOf(stream: ChunkSource, signal: AbortSignal | undefined): AsyncIterable<unknown> {
  const reader = stream.getReader();
  return {
    [Symbol.asyncIterator]: () => ({
      next: async (): Promise<IteratorResult<unknown>> => {
        const { done, value } = await reader.read();
        return done ? { done: true, value: undefined } : { done: false, value };
      },
      return: async (): Promise<IteratorResult<unknown>> => {
        await reader.cancel(signal?.reason).catch(() => undefined);
        return { done: true, value: undefined };
      },
    }),
  };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function requireHalfDuplex(duplex: unknown): void {
  if (duplex !== 'half') throw new TypeError("A request body that is a stream needs the option duplex: 'half'.");
}
