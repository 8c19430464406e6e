import type { ResponseContent } from './response-content.js';

/** What only the platform's own `fetch` can write into a Response. */
export interface ResponseDescription {
  readonly url: URL;
  readonly redirected: boolean;
}

/** Status line and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
}

/**
 * A Response of the platform that says what it answers.
 *
 * Streams of the platform cost more per piece than TLS does. Where all of the content is asked for at once, it is
 * therefore read past the stream, which is locked and read to its end all the same.
 *
 * @param content - Undefined: the body is null.
 * @throws TypeError or RangeError for a status or a header that a Response cannot hold.
 */
export function describedResponse(
  { status, statusText, headers }: ResponseHead,
  description: ResponseDescription,
  content?: ResponseContent,
): Response {
  responseClass ??= createClass();
  const response = new responseClass({ status, statusText }, description, content);
  for (const [name, value] of headers) response.headers.append(name, value);
  return response as unknown as Response;
}

/** As a class whose methods can be overridden: the platform's types declare them as properties. */
type ExtensibleResponse = Pick<Response, 'body' | 'bodyUsed' | 'headers'> & {
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
  json(): Promise<unknown>;
  clone(): Response;
};

let responseClass: ReturnType<typeof createClass> | undefined;

/** Made with the first response: to name Response is to load the platform's `fetch`, which nothing else here needs. */
function createClass() {
  const utf8 = new TextDecoder();
  const base = Response as unknown as new (body: ReadableStream | null, init: ResponseInit) => ExtensibleResponse;
  return class DescribedResponse extends base {
    readonly #description: ResponseDescription;
    readonly #content: ResponseContent | undefined;
    readonly #stream: ReadableStream<Uint8Array> | null;

    constructor(init: ResponseInit, description: ResponseDescription, content: ResponseContent | undefined) {
      const stream = content?.open() ?? null;
      super(stream, init);
      this.#description = description;
      this.#content = content;
      this.#stream = stream;
    }

    get url(): string {
      return urlOf(this.#description);
    }

    get redirected(): boolean {
      return this.#description.redirected;
    }

    get type(): Response['type'] {
      return 'basic';
    }

    override async arrayBuffer(): Promise<ArrayBuffer> {
      const all = this.#readAll();
      return all === undefined ? super.arrayBuffer() : (await all).buffer;
    }

    override async text(): Promise<string> {
      const all = this.#readAll();
      return all === undefined ? super.text() : utf8.decode(await all);
    }

    override async json(): Promise<unknown> {
      const all = this.#readAll();
      return all === undefined ? super.json() : (JSON.parse(utf8.decode(await all)) as unknown);
    }

    override clone(): Response {
      return describeClone(super.clone(), this.#description);
    }

    /** Undefined where the platform has to do it, or to refuse it: when the content was touched, or cloned. */
    #readAll(): Promise<Uint8Array<ArrayBuffer>> | undefined {
      const stream = this.#stream;
      if (stream === null || this.body !== stream || stream.locked || this.bodyUsed) return undefined;
      return this.#content?.readAll(stream);
    }
  };
}

/** The platform makes clones of its own class. */
function describeClone(copy: Response, description: ResponseDescription): Response {
  return Object.defineProperties(copy, {
    url: { value: urlOf(description) },
    redirected: { value: description.redirected },
    type: { value: 'basic' },
    clone: { value: () => describeClone(Response.prototype.clone.call(copy), description) },
  });
}

function urlOf({ url }: ResponseDescription): string {
  if (url.hash === '') return url.href;
  const whole = new URL(url);
  whole.hash = '';
  return whole.href;
}
