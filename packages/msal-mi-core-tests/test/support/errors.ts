import type { MsalMiError } from 'core/errors.js';

/** Matches an error of this library by its members: for `toThrow`, which otherwise compares messages only. */
export function errorWith(members: Partial<MsalMiError>): Error {
  return expect.objectContaining(members) as Error;
}
