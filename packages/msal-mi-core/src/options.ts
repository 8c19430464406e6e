/** Checks that every options object goes through: untrusted values in, before any I/O. */
import { ManagedIdentityError } from './errors.js';

/** Options as they were passed. Members are unchecked: JavaScript callers pass what they like. */
export type UncheckedOptions = Readonly<Record<string, unknown>>;

/** Whatever is found in it comes from Object.prototype. */
const NOTHING = Object.freeze({});

/**
 * @throws ManagedIdentityError `invalid_request` for anything but an object whose members are all `known`, and when one of
 *   them comes from a polluted Object.prototype: it could lower a floor that the caller left at its default.
 */
export function parseOptions(method: string, options: unknown, known: ReadonlySet<string>): UncheckedOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidRequest(`${method} needs an object.`);
  }
  for (const name in options) {
    if (!known.has(name)) throw invalidRequest(`The option ${JSON.stringify(name)} is unknown.`);
  }
  // Nearly always there is nothing to go through. Asking of each option whose it is would cost every cached token.
  for (const name in NOTHING) {
    if (name in options && !Object.hasOwn(options, name)) {
      throw invalidRequest(`The option ${name} was not passed: something has set Object.prototype.${name}.`);
    }
  }
  return options as UncheckedOptions;
}

/** A boolean member; absent is false. */
export function parseFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidRequest(`${name} must be true or false.`);
  return value;
}

export function invalidRequest(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_request', { message });
}
