/** Checks that every options object goes through: untrusted values in, before any I/O. */
import { invalidRequest, refusePollution } from './bad-input.js';
import { MtlsBindingStrength } from '../public-types.js';

const STRENGTHS: readonly unknown[] = Object.values(MtlsBindingStrength);

/** Options as they were passed. Members are unchecked: JavaScript callers pass what they like. */
export type UncheckedOptions = Readonly<Record<string, unknown>>;

/**
 * @throws ManagedIdentityError `invalid_request` for anything but an object whose members are all `known`, and when one of
 *   them comes from a polluted Object.prototype.
 */
export function parseOptions(method: string, options: unknown, known: ReadonlySet<string>): UncheckedOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidRequest(`${method} needs an object.`);
  }
  for (const name in options) {
    if (!known.has(name)) throw invalidRequest(`The option ${JSON.stringify(name)} is unknown.`);
  }
  refusePollution(options, known, invalidRequest);
  return options as UncheckedOptions;
}

/** A boolean member; absent is false. */
export function parseFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidRequest(`${name} must be true or false.`);
  return value;
}

/** The weakest key that will do; absent means the strongest. */
export function parseStrength(value: unknown): MtlsBindingStrength {
  if (value === undefined) return MtlsBindingStrength.KeyGuard;
  if (!STRENGTHS.includes(value)) throw invalidRequest('minStrength must be a member of MtlsBindingStrength.');
  return value as MtlsBindingStrength;
}
