/** Feeds a request body to WinHTTP, one piece whenever it asks for one. */
import type { MtlsRequest } from '../../ports.js';
import type { NativeRequest } from './native/bindings.js';

/** Bodies up to here go out together with the headers. */
const WHOLE_BODY_BYTES = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);

/** The body when it can be sent in one piece. */
export function wholeBodyOf(body: MtlsRequest['body']): Uint8Array | undefined {
  if (body === undefined) return NOTHING;
  return body instanceof Uint8Array && body.byteLength <= WHOLE_BODY_BYTES ? body : undefined;
}

export class UploadPump {
  /** The number of bytes to come; undefined for a chunked body. */
  readonly declared: number | undefined;
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #sink: { native: () => NativeRequest | undefined; fail: (error: unknown) => void };
  #rest: Uint8Array = NOTHING;
  #written = 0;
  #isStopped = false;

  constructor(
    body: Uint8Array | AsyncIterable<Uint8Array>,
    declared: number | undefined,
    sink: { native: () => NativeRequest | undefined; fail: (error: unknown) => void },
  ) {
    this.declared = body instanceof Uint8Array ? body.byteLength : declared;
    this.#source = body instanceof Uint8Array ? [body].values() : body[Symbol.asyncIterator]();
    this.#sink = sink;
  }

  writeNext(): void {
    this.#next().catch((error: unknown) => {
      if (!this.#isStopped) this.#sink.fail(error);
    });
  }

  /** The server has answered, or the request is over: nobody reads the rest. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#rest = NOTHING;
    void Promise.resolve(this.#source.return?.()).catch(() => undefined);
  }

  async #next(): Promise<void> {
    while (this.#rest.byteLength === 0) {
      const step = await this.#source.next();
      if (this.#isStopped) return;
      if (step.done === true) {
        this.#end();
        return;
      }
      this.#rest = step.value;
    }
    const piece = this.#rest.subarray(0, PIECE_BYTES);
    this.#rest = this.#rest.subarray(piece.byteLength);
    this.#written += piece.byteLength;
    if (this.declared !== undefined && this.#written > this.declared) throw lengthMismatch();
    if (this.#sink.native()?.write(piece) === false && !this.#isStopped) throw lengthMismatch();
  }

  #end(): void {
    if (this.declared === undefined) this.#sink.native()?.end();
    else if (this.#written !== this.declared) throw lengthMismatch();
  }
}

function lengthMismatch(): Error {
  return Object.assign(new TypeError('The request body is not as long as its content-length header says.'), {
    code: 'ERR_CONTENT_LENGTH_MISMATCH',
  });
}
