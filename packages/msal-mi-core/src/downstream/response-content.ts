import type { MtlsResponseBody } from '../ports.js';

// A body that is dropped unread would keep its connection open for ever.
const unread = new FinalizationRegistry<ResponseContent>((content) => content.abandon());

type ByteController = ReadableByteStreamController;

/** The content of an answer, as the source of the stream that its Response shows. */
export class ResponseContent {
  readonly type = 'bytes';
  readonly #body: MtlsResponseBody;
  readonly #pieces: AsyncIterable<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #onAbort: (() => void) | undefined;
  #isOver = false;
  /** All of it, when it was read at once and past the stream. */
  #all: Uint8Array[] | undefined;
  #isAllWanted = false;

  /**
   * @param body - As it comes from the connection.
   * @param pieces - The same, decoded.
   * @param signal - Aborts reading, with its reason.
   */
  constructor(body: MtlsResponseBody, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#body = body;
    this.#pieces = pieces;
    this.#signal = signal;
  }

  /** The stream of it; made once. Nothing is read before somebody asks for it. */
  open(): ReadableStream<Uint8Array> {
    const stream: ReadableStream<Uint8Array> = new ReadableStream(this, { highWaterMark: 0 });
    unread.register(stream, this, this);
    return stream;
  }

  /**
   * All of it as one buffer of its own. The stream is locked and read to its end by that, as by the platform's own
   * methods, but no piece has to travel through it.
   *
   * @param stream - The one that `open` made, not locked and not read from.
   * @throws What reading the stream would.
   */
  async readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
    this.#isAllWanted = true;
    await stream.getReader().read();
    return joined(this.#all ?? []);
  }

  start(controller: ByteController): void {
    const signal = this.#signal;
    if (signal === undefined) return;
    // The signal may live as long as the process, and must not keep the stream as long.
    const weak = new WeakRef(controller);
    this.#onAbort = () => {
      this.#end();
      weak.deref()?.error(signal.reason);
    };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  async pull(controller: ByteController): Promise<void> {
    try {
      const piece = this.#isAllWanted ? await this.#collect() : await this.#next();
      if (this.#isOver) return;
      if (piece !== undefined) {
        controller.enqueue(detachable(piece));
        return;
      }
    } catch (error) {
      if (this.#isOver) return;
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
    if (this.#isOver) return;
    this.#end();
    // Decoders hold back a return while a read is pending; the connection itself does not.
    for (const iterator of [this.#body[Symbol.asyncIterator](), this.#iterator]) {
      void Promise.resolve(iterator?.return?.()).catch(() => undefined);
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    this.#iterator ??= this.#pieces[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done === true) return undefined;
      if (value.byteLength > 0) return value;
    }
  }

  async #collect(): Promise<undefined> {
    if (this.#pieces === this.#body && this.#body.readAll !== undefined) {
      this.#all = await this.#body.readAll();
      return;
    }
    const all: Uint8Array[] = [];
    for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) all.push(piece);
    this.#all = all;
  }

  #end(): void {
    this.#isOver = true;
    unread.unregister(this);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }
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
