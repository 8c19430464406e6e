import { setImmediate } from 'node:timers';
import type { MtlsResponseBody } from '../ports.js';
import { onAbort } from '../time/clock.js';

// Content that is dropped unread would keep its connection open for ever.
const unread = new FinalizationRegistry<ResponseContent>((content) => content.abandon());

interface Source {
  readonly body: MtlsResponseBody;
  /** The same, decoded. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** The content of an answer, which is read once: all of it with `readAll`, or as a stream that `open` makes. */
export class ResponseContent {
  readonly type = 'bytes';
  readonly #signal: AbortSignal | undefined;
  /** Undefined when nothing is left to read: what is registered lives longer, and would keep all of it. */
  #source: Source | undefined;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #release: (() => void) | undefined;
  #isStreaming = false;

  /**
   * @param body - As it comes from the connection, which is aborted with `signal`.
   * @param pieces - The same, decoded.
   * @param signal - Its reason is what reading fails with once it is aborted.
   */
  constructor(body: MtlsResponseBody, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#source = { body, pieces };
    this.#signal = signal;
  }

  /**
   * Closes the connection when `response` is gone before its content was read. To be watched makes an object costly to
   * collect, so it begins a turn later: by then most callers are reading.
   */
  abandonWith(response: object): void {
    setImmediate(() => {
      if (this.#source !== undefined && !this.#isStreaming) unread.register(response, this, this);
    });
  }

  /**
   * All of it, in a buffer of its own.
   *
   * @throws As a stream would: the reason of the signal, or TypeError `terminated` with the cause.
   */
  async readAll(): Promise<Uint8Array<ArrayBuffer>> {
    const source = this.#source;
    // Whoever waits for the content may have let go of its response.
    this.#end();
    this.#signal?.throwIfAborted();
    try {
      return joined(await allOf(source!));
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw new TypeError('terminated', { cause: error });
    }
  }

  /** Nothing is read before somebody asks for it, and then one piece. Cancelling closes the connection. */
  open(): ReadableStream<Uint8Array> {
    const stream: ReadableStream<Uint8Array> = new ReadableStream(this, { highWaterMark: 0 });
    unread.unregister(this);
    unread.register(stream, this, this);
    this.#isStreaming = true;
    return stream;
  }

  start(controller: ReadableByteStreamController): void {
    const signal = this.#signal;
    if (signal === undefined) return;
    // The signal may live as long as the process, and must not keep the stream as long.
    const weak = new WeakRef(controller);
    this.#release = onAbort(signal, () => {
      this.#end();
      weak.deref()?.error(signal.reason);
    });
  }

  async pull(controller: ReadableByteStreamController): Promise<void> {
    try {
      const piece = await this.#next();
      if (this.#source === undefined) return;
      if (piece !== undefined) {
        controller.enqueue(detachable(piece));
        return;
      }
    } catch (error) {
      if (this.#source === undefined) return;
      this.#end();
      controller.error(new TypeError('terminated', { cause: error }));
      return;
    }
    this.#end();
    controller.close();
    controller.byobRequest?.respond(0);
  }

  cancel(): void {
    this.abandon();
  }

  /** Closes the connection, unless the content was read to its end. */
  abandon(): void {
    const body = this.#source?.body;
    if (body === undefined) return;
    const iterators = [body[Symbol.asyncIterator](), this.#iterator];
    this.#end();
    // Decoders hold back a return while a read is pending; the connection itself does not.
    for (const iterator of iterators) void Promise.resolve(iterator?.return?.()).catch(() => undefined);
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.#iterator ??= this.#source?.pieces[Symbol.asyncIterator]();
    for (;;) {
      const step = await this.#iterator?.next();
      if (step === undefined || step.done === true) return undefined;
      if (step.value.byteLength > 0) return step.value;
    }
  }

  #end(): void {
    this.#source = undefined;
    this.#iterator = undefined;
    unread.unregister(this);
    this.#release?.();
  }
}

async function allOf({ body, pieces }: Source): Promise<Uint8Array[]> {
  if (pieces === body && body.readAll !== undefined) return body.readAll();
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

/** A byte stream takes the whole buffer behind what it is given: shared ones are copied. */
function detachable(piece: Uint8Array): Uint8Array<ArrayBuffer> {
  return isAlone(piece) ? piece : new Uint8Array(piece);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return detachable(first);
  // Not from the pool of small buffers: the caller gets what is behind it.
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}

function isAlone(piece: Uint8Array): piece is Uint8Array<ArrayBuffer> {
  return piece.byteLength === piece.buffer.byteLength;
}
