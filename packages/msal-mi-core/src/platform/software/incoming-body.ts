import type { ClientRequest, IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers';
import type { MtlsResponseBody } from '../../ports.js';
import { classifyFailure } from './classify-failure.js';

/** More than this is handed on without waiting for what else has arrived. */
const PIECE_BYTES = 128 * 1024;
/** A length is only a claim: more than this is not set aside before the content is there. */
const MAX_RESERVED_BYTES = 16 * 1024 * 1024;

/**
 * The body of an answer as the transports give it. The connection delivers one TLS record at a time; passing each one
 * on by itself would cost more than its content, so whatever arrived together is read together.
 *
 * It holds the connection from the start: aborting and returning work before the first read, and during one.
 */
export class IncomingBody implements MtlsResponseBody {
  readonly #outgoing: ClientRequest;
  readonly #response: IncomingMessage;
  readonly #signal: AbortSignal | undefined;
  #wake: (() => void) | undefined;
  #isFollowed = false;

  /** @param signal - Its reason is what reading fails with once it is aborted. Aborting it must destroy `response`. */
  constructor(outgoing: ClientRequest, response: IncomingMessage, signal: AbortSignal | undefined) {
    this.#outgoing = outgoing;
    this.#response = response;
    this.#signal = signal;
    // Whoever reads gets the error; nobody may be reading.
    response.on('error', () => undefined);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return { next: () => this.#next(), return: () => this.#release() };
  }

  readAll(): Promise<Uint8Array[]> {
    const response = this.#response;
    const content = new WholeContent(Number(response.headers['content-length']));
    return new Promise((resolve, reject) => {
      const settle = () => (response.readableEnded ? resolve(content.pieces) : reject(this.#failure()));
      if (response.destroyed) {
        settle();
        return;
      }
      response.on('data', (piece: Uint8Array) => content.add(piece));
      response.on('end', settle);
      response.on('close', () => response.readableEnded || settle());
    });
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const response = this.#response;
    this.#follow();
    for (;;) {
      if (response.readableEnded) return { done: true, value: undefined };
      if (response.destroyed) throw this.#failure();
      if (response.readableLength > 0 && response.readableLength < PIECE_BYTES && !response.complete) {
        await allThatArrived();
      }
      const piece = response.read() as Uint8Array | null;
      if (piece !== null) return { done: false, value: piece };
      await this.#change();
    }
  }

  /** Reading can end or destroy what is read. */
  async #change(): Promise<void> {
    const { readableEnded, destroyed } = this.#response;
    if (!readableEnded && !destroyed) await new Promise<void>((wake) => (this.#wake = wake));
  }

  #follow(): void {
    if (this.#isFollowed) return;
    this.#isFollowed = true;
    const wake = (): void => this.#wake?.();
    for (const event of ['readable', 'end', 'close']) this.#response.on(event, wake);
  }

  #release(): Promise<IteratorResult<Uint8Array, undefined>> {
    const response = this.#response;
    // What is left of a complete answer is thrown away to have the connection back, unless it is still sending.
    if (response.complete && this.#outgoing.writableFinished) while (response.read() !== null);
    else response.destroy();
    return Promise.resolve({ done: true, value: undefined });
  }

  #failure(): Error {
    if (this.#signal?.aborted === true) return this.#signal.reason as Error;
    const lost = Object.assign(new Error('closed before its end'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    return classifyFailure(this.#response.errored ?? lost, 'body', undefined);
  }
}

/**
 * Where the length is known, each record is copied to its place as it comes: it is still in the processor's cache, and
 * what is let go of at once costs the garbage collector least.
 */
class WholeContent {
  readonly #whole: Uint8Array | undefined;
  readonly #others: Uint8Array[] = [];
  #written = 0;

  /** @param length - NaN when only the end tells. */
  constructor(length: number) {
    if (length > 0 && length <= MAX_RESERVED_BYTES) this.#whole = Buffer.allocUnsafeSlow(length);
  }

  add(piece: Uint8Array): void {
    const room = (this.#whole?.byteLength ?? 0) - this.#written;
    if (this.#others.length > 0 || piece.byteLength > room) {
      this.#others.push(piece);
      return;
    }
    this.#whole?.set(piece, this.#written);
    this.#written += piece.byteLength;
  }

  /** Nothing of the memory that was set aside but what was written to. */
  get pieces(): Uint8Array[] {
    return this.#whole === undefined ? this.#others : [this.#whole.subarray(0, this.#written), ...this.#others];
  }
}

/** Until the event loop has handed over what its connections had received. */
const allThatArrived = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
