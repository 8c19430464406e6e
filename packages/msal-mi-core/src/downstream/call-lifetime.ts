/**
 * From the call of `fetch` to the last byte of the response. Its signal goes to the channel and is aborted when the
 * caller aborts, when the body is cancelled, and when the body is dropped unread.
 */
export class CallLifetime {
  readonly #own = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #follow = (): void => {
    this.abort(this.#caller?.reason);
  };
  #onAbort: ((reason: unknown) => void) | undefined;

  /** @throws The reason of `caller` when it is aborted already. */
  constructor(caller: AbortSignal | undefined) {
    caller?.throwIfAborted();
    this.#caller = caller;
    caller?.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Called once, at the moment of the abort. Must not keep the response alive. */
  onAbort(listener: (reason: unknown) => void): void {
    this.#onAbort = listener;
  }

  abort(reason?: unknown): void {
    if (this.#own.signal.aborted) return;
    this.end();
    this.#own.abort(reason);
    this.#onAbort?.(this.#own.signal.reason);
  }

  /** Nothing is left to abort: lets go of the caller's signal, which may live as long as the process. */
  end(): void {
    this.#caller?.removeEventListener('abort', this.#follow);
  }
}
