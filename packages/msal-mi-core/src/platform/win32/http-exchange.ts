/** One request over WinHTTP: native events in, a streaming response out. */
import {
  SWITCHING_PROTOCOLS,
  switchedProtocols,
  TransportError,
  type MtlsRequest,
  type MtlsResponse,
} from '../../ports.js';
import { onAbort } from '../../time/clock.js';
import type {
  NativeRequest,
  NativeRequestOptions,
  NativeSession,
  OnRequestEvent,
  RequestEvents,
} from './native/bindings.js';
import { toTransportError, typedFailure } from './native/native-error.js';
import { declaredLength, formatHeaders, parseRawHeaders } from './raw-headers.js';
import { UploadPump, wholeBodyOf } from './upload-pump.js';

/** How much of a response may wait in memory for its reader. */
const WINDOW_BYTES = 256 * 1024;
/** Answers are granted back in steps of this size, not chunk by chunk. */
const GRANT_BYTES = 64 * 1024;

type Handlers = { readonly [Kind in keyof RequestEvents]: (value: RequestEvents[Kind]) => void };

/**
 * Sends `request` and resolves with the head of the answer.
 *
 * @throws TransportError, the reason of `request.signal`, what the iterable of the body threw, or TypeError for headers
 *   that cannot be sent.
 */
export function exchange(session: NativeSession, request: MtlsRequest): Promise<MtlsResponse> {
  return new Exchange(request).start(session);
}

class Exchange {
  readonly #request: MtlsRequest;
  readonly #upload: UploadPump | undefined;
  readonly #head = withResolvers<MtlsResponse>();
  #native: NativeRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #release: (() => void) | undefined;

  /** Of the response body. */
  #chunks: Uint8Array[] = [];
  #granted = 0;
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(request: MtlsRequest) {
    this.#request = request;
    if (wholeBodyOf(request.body) === undefined) {
      this.#upload = new UploadPump(request.body!, declaredLength(request.headers), {
        native: () => this.#native,
        fail: (error) => this.#fail(error),
      });
    }
  }

  start(session: NativeSession): Promise<MtlsResponse> {
    const { signal, timeoutMs, url, method, headers, body, keepsProcess = true } = this.#request;
    signal?.throwIfAborted();
    const options: NativeRequestOptions = {
      method,
      // Brackets of an IPv6 address included.
      host: url.hostname,
      port: url.port === '' ? 443 : Number(url.port),
      path: url.pathname + url.search,
      headers: formatHeaders(headers),
      body: wholeBodyOf(body) ?? this.#upload?.declared ?? 'chunked',
      responseTimeoutMs: timeoutMs ?? 0,
      readAheadBytes: WINDOW_BYTES,
      keepsProcess,
    };
    try {
      this.#native = session.send(options, this.#onEvent);
    } catch (error) {
      throw typedFailure(error);
    }
    this.#release = onAbort(signal, () => this.#fail(signal?.reason));
    if (timeoutMs !== undefined) {
      const onTimeout = () =>
        this.#fail(new TransportError('timeout', 'ETIMEDOUT', 'The answer did not arrive in time.'));
      this.#timer = setTimeout(onTimeout, timeoutMs);
      if (!keepsProcess) this.#timer.unref();
    }
    return this.#head.promise;
  }

  readonly #handlers: Handlers = {
    writable: () => this.#upload?.writeNext(),
    head: ({ status, rawHeaders }) => {
      if (status === SWITCHING_PROTOCOLS) throw switchedProtocols();
      clearTimeout(this.#timer);
      this.#upload?.stop();
      const { statusText, headers } = parseRawHeaders(rawHeaders);
      this.#head.resolve({ status, statusText, headers, body: { [Symbol.asyncIterator]: () => this.#iterate() } });
    },
    data: (chunk) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    },
    end: () => {
      this.#isComplete = true;
      this.#settle();
    },
    failure: (failed) => this.#fail(toTransportError(failed)),
  };

  readonly #onEvent: OnRequestEvent = (kind, value) => {
    if (this.#failure !== undefined || this.#isComplete) return;
    try {
      this.#handlers[kind](value);
    } catch (error) {
      this.#fail(error);
    }
  };

  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#isComplete) return;
    const failure = { error: typedFailure(error) };
    this.#failure = failure;
    this.#native?.abort();
    this.#head.reject(failure.error);
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#release?.();
    this.#upload?.stop();
    this.#wake?.();
  }

  #grant(bytes: number): void {
    if (!this.#isComplete && this.#failure === undefined) this.#native?.grant(bytes);
  }

  #iterate(): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        for (;;) {
          // What arrived before an abort or a failure is not delivered after it.
          if (this.#failure !== undefined) throw this.#failure.error;
          const chunk = this.#chunks.shift();
          if (chunk !== undefined) {
            this.#granted += chunk.byteLength;
            if (this.#granted >= GRANT_BYTES) {
              this.#grant(this.#granted);
              this.#granted = 0;
            }
            return { done: false, value: chunk };
          }
          if (this.#isComplete) return { done: true, value: undefined };
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      },
      return: () => {
        this.#chunks = [];
        this.#fail(new TransportError('connection_lost', 'ECONNABORTED', 'The response body was given up.'));
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Whoever sends hears of a failure; nobody else has to.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
