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
 * Its stream is made when somebody wants one: making it, and reading through it, costs more than the rest of a call.
 * Where all of the content is asked for at once, it comes straight from the connection.
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

/** As a class whose members can be overridden: the platform's types declare its methods as properties. */
interface ExtensibleResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  clone(): Response;
}

type Content = ReadableStream<Uint8Array> | null;

let responseClass: ReturnType<typeof createClass> | undefined;

/** Made with the first response: to name Response is to load the platform's `fetch`, which nothing else here needs. */
function createClass() {
  const utf8 = new TextDecoder();
  const base = Response as unknown as new (body: null, init: ResponseInit) => ExtensibleResponse;

  return class DescribedResponse extends base {
    readonly #description: ResponseDescription;
    readonly #content: ResponseContent | undefined;
    /** With a stream of the content, once there has to be one. */
    #streaming: Response | undefined;
    #isRead = false;

    constructor(init: ResponseInit, description: ResponseDescription, content: ResponseContent | undefined) {
      super(null, init);
      this.#description = description;
      this.#content = content;
      content?.abandonWith(this);
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

    get body(): Content {
      return this.#stream().body as Content;
    }

    get bodyUsed(): boolean {
      return this.#isRead || this.#streaming?.bodyUsed === true;
    }

    async arrayBuffer(): Promise<ArrayBuffer> {
      return this.#isUntouched() ? (await this.#readAll()).buffer : this.#stream().arrayBuffer();
    }

    async text(): Promise<string> {
      return this.#isUntouched() ? utf8.decode(await this.#readAll()) : this.#stream().text();
    }

    async json(): Promise<unknown> {
      return this.#isUntouched() ? (JSON.parse(await this.text()) as unknown) : this.#stream().json();
    }

    blob(): Promise<Blob> {
      return this.#stream().blob();
    }

    formData(): Promise<FormData> {
      const streaming: { formData(): Promise<FormData> } = this.#stream();
      return streaming.formData();
    }

    async bytes(): Promise<Uint8Array> {
      return new Uint8Array(await this.arrayBuffer());
    }

    override clone(): Response {
      return described(this.#stream().clone(), this.#description);
    }

    #isUntouched(): boolean {
      return this.#content !== undefined && this.#streaming === undefined && !this.#isRead;
    }

    #readAll(): Promise<Uint8Array<ArrayBuffer>> {
      this.#isRead = true;
      return this.#content!.readAll();
    }

    #stream(): Response {
      if (this.#streaming !== undefined) return this.#streaming;
      const { status, statusText, headers } = this;
      const stream = this.#isRead ? '' : (this.#content?.open() ?? null);
      this.#streaming = new Response(stream, { status, statusText, headers });
      // What was read without a stream has, for the platform, a stream that was read.
      if (this.#isRead) void this.#streaming.arrayBuffer();
      return this.#streaming;
    }
  };
}

/** Puts over the getters of a Response what they cannot know. */
function described(response: Response, description: ResponseDescription): Response {
  return Object.defineProperties(response, {
    url: { value: urlOf(description) },
    redirected: { value: description.redirected },
    type: { value: 'basic' },
    clone: { value: () => described(Response.prototype.clone.call(response), description) },
  });
}

function urlOf({ url }: ResponseDescription): string {
  if (url.hash === '') return url.href;
  const whole = new URL(url);
  whole.hash = '';
  return whole.href;
}
