/** What bad options are refused with, before any I/O. */
import { ManagedIdentityError } from '../errors.js';

export function invalidRequest(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_request', { message });
}

export function invalidConfiguration(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_configuration', { message });
}

/** Whatever is found in it comes from Object.prototype. */
const NOTHING = Object.freeze({});

/**
 * Refuses a member of `options` that nobody passed because something has set it on Object.prototype: it could lower a floor,
 * or add an authority, that the caller left at its default.
 *
 * @param names - Members that are read.
 * @param refusal - Makes the error.
 */
export function refusePollution(
  options: object,
  names: ReadonlySet<string>,
  refusal: (message: string) => Error,
): void {
  // Nearly always there is nothing to go through. Asking of each option whose it is would cost every cached token.
  for (const name in NOTHING) {
    if (names.has(name) && name in options && !Object.hasOwn(options, name)) {
      throw refusal(`The option ${name} was not passed: something has set Object.prototype.${name}.`);
    }
  }
}
