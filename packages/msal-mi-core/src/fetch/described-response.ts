import { isHeaderName, isHeaderValue } from './header-list.js';
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
 * All that a platform's Response is made of is made when somebody asks for it: making it costs as much as the rest of a
 * call, and most callers look at the status and read all of the content at once, which comes straight from the connection.
 *
 * @param content - Undefined: the body is null.
 * @throws TypeError or RangeError for a status or a header that a Response cannot hold.
 */
export function describedResponse(
  head: ResponseHead,
  description: ResponseDescription,
  content?: ResponseContent,
): Response {
  assertUsable(head);
  responseClass ??= createClass();
  const response: object = new responseClass(head, description, content);
  return response as Response;
}

type Content = ReadableStream<Uint8Array> | null;

let responseClass: ReturnType<typeof createClass> | undefined;

/** What the platform's own constructor refuses. */
function assertUsable({ status, statusText, headers }: ResponseHead): void {
  if (!(Number.isInteger(status) && status >= 200 && status <= 599)) throw new RangeError('unusable status');
  if (!REASON.test(statusText)) throw new TypeError('unusable reason');
  for (const [name, value] of headers) {
    if (!isHeaderName(name) || !isHeaderValue(value)) throw new TypeError('unusable header');
  }
}

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Made with the first response: to name Response is to load the platform's `fetch`, which nothing else here needs. */
function createClass() {
  const utf8 = new TextDecoder();

  class DescribedResponse {
    readonly #head: ResponseHead;
    readonly #description: ResponseDescription;
    readonly #content: ResponseContent | undefined;
    #headers: Headers | undefined;
    /** With a stream of the content, once there has to be one. */
    #streaming: Response | undefined;
    #isRead = false;

    constructor(head: ResponseHead, description: ResponseDescription, content: ResponseContent | undefined) {
      this.#head = head;
      this.#description = description;
      this.#content = content;
      content?.abandonWith(this);
    }

    get status(): number {
      return this.#head.status;
    }

    get ok(): boolean {
      return this.#head.status <= 299;
    }

    get statusText(): string {
      return this.#head.statusText;
    }

    get headers(): Headers {
      if (this.#headers === undefined) {
        this.#headers = new Headers();
        for (const [name, value] of this.#head.headers) this.#headers.append(name, value);
      }
      return this.#headers;
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

    clone(): Response {
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
  }
  // An instance of Response whose own constructor never runs: every member is one of those above.
  Object.setPrototypeOf(DescribedResponse.prototype, Response.prototype);
  return DescribedResponse;
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
