/** JSON that came from elsewhere. */

export type JsonObject = Record<string, unknown>;

/** Neither an array nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a text holds; undefined for every other text. The parser's message, which quotes it, goes nowhere. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // Without a prototype: what an answer lacks does not come from Object.prototype either.
    return isJsonObject(value) ? (Object.setPrototypeOf(value, null) as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** As {@link parseJsonObject}, of what a service answered: a byte order mark before it is skipped (D8). */
export function parseJsonAnswer(text: string): JsonObject | undefined {
  return parseJsonObject(text.startsWith('\ufeff') ? text.slice(1) : text);
}

/** A member of its own that is a non-blank string; undefined when it is anything else. */
export function nonBlank(object: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
