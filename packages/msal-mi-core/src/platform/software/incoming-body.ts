import type { ClientRequest, IncomingMessage } from 'node:http';
import type { MtlsResponseBody } from '../../ports.js';
import { classifyFailure } from './classify-failure.js';

/** More than this is handed on without waiting for what else has arrived. */
const PIECE_BYTES = 128 * 1024;

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
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      const settle = () => (response.readableEnded ? resolve(chunks) : reject(this.#failure() as Error));
      if (response.destroyed) {
        settle();
        return;
      }
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
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
      if (!response.readableEnded && !response.destroyed) await new Promise<void>((wake) => (this.#wake = wake));
    }
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

  #failure(): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason;
    const lost = Object.assign(new Error('closed before its end'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    return classifyFailure(this.#response.errored ?? lost, 'body', undefined);
  }
}

/** Until the event loop has handed over what its connections had received. */
const allThatArrived = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
