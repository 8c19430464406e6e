import type { JournalEntry } from './types.js';

const MOST_ENTRIES = 10_000;
/** Of all bodies together; the oldest entries go first. */
const MOST_BODY_LENGTH = 32 * 1024 * 1024;
const LONGEST_BODY = 64 * 1024;

/** Who wants to know about new entries; undefined: the journal was cleared. */
export type JournalListener = (entry: JournalEntry | undefined) => void;

/** Everything that was asked and answered, bounded. */
export class Journal {
  #entries: JournalEntry[] = [];
  #bodyLength = 0;
  #nextId = 1;
  readonly #listeners = new Set<JournalListener>();

  /** Frozen copy, oldest first. */
  snapshot(): readonly JournalEntry[] {
    return Object.freeze([...this.#entries]);
  }

  /** Adds an entry, numbers and freezes it. */
  record(draft: Omit<JournalEntry, 'id'>): void {
    const entry: JournalEntry = Object.freeze({
      ...draft,
      id: this.#nextId++,
      headers: Object.freeze({ ...draft.headers }),
      responseHeaders: Object.freeze({ ...draft.responseHeaders }),
      ...(draft.body === undefined ? {} : { body: draft.body.slice(0, LONGEST_BODY) }),
      ...(draft.responseBody === undefined ? {} : { responseBody: draft.responseBody.slice(0, LONGEST_BODY) }),
    });
    this.#entries.push(entry);
    this.#bodyLength += bodyLength(entry);
    while (this.#entries.length > MOST_ENTRIES || this.#bodyLength > MOST_BODY_LENGTH) {
      this.#bodyLength -= bodyLength(this.#entries.shift()!);
    }
    for (const listener of this.#listeners) listener(entry);
  }

  /** Forgets every entry; numbering goes on. */
  clear(): void {
    this.#entries = [];
    this.#bodyLength = 0;
    for (const listener of this.#listeners) listener(undefined);
  }

  /** @returns how to stop listening */
  listen(listener: JournalListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

function bodyLength(entry: JournalEntry): number {
  return (entry.body?.length ?? 0) + (entry.responseBody?.length ?? 0);
}
