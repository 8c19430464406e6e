import { invalidConfiguration } from '../options/options.js';
import type { ManagedIdentityError } from '../errors.js';
import { isJsonObject } from '../json.js';

/** One object of a configuration, as .NET reads it: names match in any case, and members nobody asks for do not matter. */
export class Section {
  readonly #members = new Map<string, unknown>();

  /**
   * @param path - Names of the enclosing sections, joined by colons: for messages.
   * @throws ManagedIdentityError `invalid_configuration` when `value` is not an object, or has names that differ in case only.
   */
  constructor(
    readonly path: string,
    value: unknown,
  ) {
    if (!isJsonObject(value)) throw this.#invalid('', 'an object');
    for (const [name, member] of Object.entries(value)) {
      const key = name.toLowerCase();
      if (this.#members.has(key)) throw this.#invalid(name, 'there once, in whatever case');
      if (member !== undefined && member !== null) this.#members.set(key, member);
    }
  }

  /** A member of any type. */
  value(name: string): unknown {
    return this.#members.get(name.toLowerCase());
  }

  /** A string, trimmed. Blank counts as absent. */
  string(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.#invalid(name, 'a string');
    return value.trim() === '' ? undefined : value.trim();
  }

  /** A boolean, or the word for it: values that come from the environment are strings. */
  boolean(name: string): boolean | undefined {
    const value = this.value(name);
    const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
    if (word === undefined || word === '') return undefined;
    if (word === true || word === 'true') return true;
    if (word === false || word === 'false') return false;
    throw this.#invalid(name, 'true or false');
  }

  strings(name: string): string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
    if (!isList) throw this.#invalid(name, 'a list of strings');
    return value.map((item) => item.trim());
  }

  /** Names and string values, as they are written. */
  dictionary(name: string): Array<[string, string]> {
    const value = this.value(name);
    if (value === undefined) return [];
    const entries: Array<[string, unknown]> = isJsonObject(value) ? Object.entries(value) : [['', undefined]];
    if (!entries.every(([, member]) => typeof member === 'string')) throw this.#invalid(name, 'an object of strings');
    return entries as Array<[string, string]>;
  }

  section(name: string): Section | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new Section(this.#pathOf(name), value);
  }

  sections(name: string): Section[] {
    const value = this.value(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.#invalid(name, 'a list');
    return value.map((item: unknown, index) => new Section(`${this.#pathOf(name)}:${index}`, item));
  }

  #pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}:${name}`;
  }

  #invalid(name: string, expected: string): ManagedIdentityError {
    const path = name === '' ? this.path || 'The configuration' : this.#pathOf(name);
    return invalidConfiguration(`${path} must be ${expected}.`);
  }
}
