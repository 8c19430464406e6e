import { FetchFailure } from './fetch-failure.js';

/** A streamed request body that keeps to its length, and remembers why it failed. */
export class UploadBody implements AsyncIterable<Uint8Array> {
  /** What the source threw, or what was wrong with it. An object of its own, for a source can throw undefined. */
  failure: { readonly error: unknown } | undefined;
  readonly #source: AsyncIterable<unknown>;
  readonly #length: number | undefined;

  constructor(source: AsyncIterable<unknown>, length: number | undefined) {
    this.#source = source;
    this.#length = length;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks = this.#source[Symbol.asyncIterator]();
    let sent = 0;
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      const step = await chunks.next();
      if (step.done === true) {
        if (this.#length !== undefined && sent !== this.#length) throw lengthMismatch();
        return { done: true, value: undefined };
      }
      if (!(step.value instanceof Uint8Array)) throw new TypeError('A chunk of the request body is not a Uint8Array.');
      sent += step.value.byteLength;
      // Bytes beyond the length would be read as the start of another request.
      if (this.#length !== undefined && sent > this.#length) throw lengthMismatch();
      return { done: false, value: step.value };
    };
    const release = async (): Promise<IteratorResult<Uint8Array>> => {
      await chunks.return?.();
      return { done: true, value: undefined };
    };
    return {
      next: async () => {
        try {
          return await next();
        } catch (error) {
          this.failure ??= { error };
          void release().catch(() => undefined);
          // Streams take what is not an error for a normal end.
          throw error instanceof Error ? error : new Error('The request body failed.');
        }
      },
      return: release,
    };
  }
}

const lengthMismatch = (): FetchFailure =>
  new FetchFailure('ERR_CONTENT_LENGTH_MISMATCH', 'The request body is not as long as its content-length header says.');
