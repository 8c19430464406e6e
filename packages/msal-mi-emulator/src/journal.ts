import type { JournalEntry } from './types.js';

const MOST_ENTRIES = 10_000;
/** Connections that failed before a request: anybody can make those, also a web page that knows the port. */
const MOST_FAILED_CONNECTIONS = 1_000;
/** Of everything that entries hold; the oldest go first. */
const MOST_BYTES = 32 * 1024 * 1024;
/** Longest body that an entry keeps, bytes. */
export const LONGEST_BODY_BYTES = 64 * 1024;
/** An entry without its texts, about. */
const ENTRY_BYTES = 512;
/** A header without its texts, about. */
const HEADER_BYTES = 32;
/** Of a character, at most. */
const CHARACTER_BYTES = 2;

/** Who wants to know about new entries; undefined: the journal was cleared. */
export type JournalListener = (entry: JournalEntry | undefined) => void;

/** Everything that was asked and answered, bounded in number and in memory. */
export class Journal {
  #entries: JournalEntry[] = [];
  #bytes = 0;
  #failedConnections = 0;
  #nextId = 1;
  readonly #listeners = new Set<JournalListener>();

  /** Frozen copy, oldest first. */
  snapshot(): readonly JournalEntry[] {
    return Object.freeze([...this.#entries]);
  }

  /** Adds an entry, numbers and freezes it. Bodies are at most {@link LONGEST_BODY_BYTES} long. */
  record(draft: Omit<JournalEntry, 'id'>): void {
    const entry: JournalEntry = Object.freeze({
      ...draft,
      id: this.#nextId++,
      headers: Object.freeze({ ...draft.headers }),
      responseHeaders: Object.freeze({ ...draft.responseHeaders }),
    });
    this.#entries.push(entry);
    this.#account(entry, 1);
    if (this.#failedConnections > MOST_FAILED_CONNECTIONS) this.#forget(this.#entries.findIndex(isFailedConnection));
    while (this.#entries.length > MOST_ENTRIES || this.#bytes > MOST_BYTES) this.#forget(0);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Forgets every entry; numbering goes on. */
  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#failedConnections = 0;
    for (const listener of this.#listeners) listener(undefined);
  }

  /** @returns how to stop listening */
  listen(listener: JournalListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #forget(index: number): void {
    for (const entry of this.#entries.splice(index, 1)) this.#account(entry, -1);
  }

  #account(entry: JournalEntry, sign: 1 | -1): void {
    this.#bytes += sign * bytesOf(entry);
    if (isFailedConnection(entry)) this.#failedConnections += sign;
  }
}

function isFailedConnection({ method }: JournalEntry): boolean {
  return method === '';
}

function bytesOf({ method, url, body, responseBody, failure, headers, responseHeaders }: JournalEntry): number {
  const texts = [method, url, body, responseBody, failure].map((text) => text?.length ?? 0);
  const pairs = [...Object.entries(headers), ...Object.entries(responseHeaders)];
  const characters =
    texts.reduce((sum, length) => sum + length, 0) +
    pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return ENTRY_BYTES + pairs.length * HEADER_BYTES + characters * CHARACTER_BYTES;
}
