/** RFC 9110 section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** What the Fetch standard keeps out of a value (RFC 9110 section 5.5): NUL, line breaks, and what is not one byte. */
const NOT_IN_A_VALUE = /[\0\r\n]|[^\0-\xff]/;
/** The end begins where no white space is before it: else each space within a value would be tried as one. */
const SURROUNDING_SPACE = /^[\t\n\r ]+|(?<![\t\n\r ])[\t\n\r ]+$/g;

/**
 * Headers of a request, as much of the platform's Headers as is needed here: making those, and going through them, costs
 * more than the rest of a call. Names are in lower case.
 */
export class HeaderList implements Iterable<readonly [name: string, value: string]> {
  readonly #values: Map<string, string>;

  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    this.#values = new Map(entries);
  }

  /** @throws TypeError, which may quote a value, for whatever is not a `HeadersInit`. */
  static from(init: unknown): HeaderList {
    if (init === undefined) return new HeaderList();
    if (init instanceof HeaderList) return new HeaderList(init);
    return ofRecord(init) ?? new HeaderList(new Headers(init as Record<string, string>));
  }

  get(lowerCaseName: string): string | null {
    return this.#values.get(lowerCaseName) ?? null;
  }

  has(lowerCaseName: string): boolean {
    return this.#values.has(lowerCaseName);
  }

  set(lowerCaseName: string, value: string): void {
    this.#values.set(lowerCaseName, value);
  }

  delete(lowerCaseName: string): void {
    this.#values.delete(lowerCaseName);
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#values[Symbol.iterator]();
  }
}

/** What most callers pass. Undefined for anything about which the platform has to decide. */
function ofRecord(init: unknown): HeaderList | undefined {
  if (typeof init !== 'object' || init === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(init);
  if ((prototype !== Object.prototype && prototype !== null) || Object.getOwnPropertySymbols(init).length > 0) {
    return undefined;
  }
  const list = new HeaderList();
  for (const [name, value] of Object.entries(init as Record<string, unknown>)) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || !isHeaderName(name) || list.has(lower)) return undefined;
    const trimmed = value.replace(SURROUNDING_SPACE, '');
    if (!isHeaderValue(trimmed)) return undefined;
    list.set(lower, trimmed);
  }
  return list;
}

export function isHeaderName(name: string): boolean {
  return NAME.test(name);
}

/** Without white space around it. */
export function isHeaderValue(value: string): boolean {
  return !NOT_IN_A_VALUE.test(value);
}
