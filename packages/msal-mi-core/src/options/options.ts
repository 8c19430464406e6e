/** Checks that every options object goes through: untrusted values in, before any I/O. */
import { isMsalMiError, ManagedIdentityError, MsiV2Error } from '../errors.js';
import { isJsonObject, parseJsonObject } from '../json.js';
import { MtlsBindingStrength } from '../public-types/constants.js';

export function invalidRequest(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_request', { message });
}

export function invalidConfiguration(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_configuration', { message });
}

/** Whatever is found in it comes from Object.prototype. */
export const NOTHING: UncheckedOptions = Object.freeze({});

/**
 * The members of `options` that `names` lists, each read once: a getter cannot answer the check and the use differently.
 *
 * @param refusal - Makes the error: for a member that nobody passed because something has set it on Object.prototype (it could
 *   lower a floor, or add an authority, that the caller left at its default), and for one that cannot be read.
 */
export function readMembers<Name extends string>(
  options: object,
  names: Iterable<Name>,
  refusal: (message: string) => Error,
): Readonly<Record<Name, unknown>> {
  // Without a prototype: nothing of it comes from anywhere else, and no setter is called.
  const members = Object.create(null) as Record<Name, unknown>;
  for (const name of names) {
    const isPassed = readable(refusal, () => {
      members[name] = (options as UncheckedOptions)[name];
      return members[name] === undefined || !(name in NOTHING) || hasPassed(options, name);
    });
    if (!isPassed) throw refusal(`The option ${name} was not passed: something has set Object.prototype.${name}.`);
  }
  return members;
}

/** Whether a member is of `options` or of its class. */
function hasPassed(options: object, name: string): boolean {
  let holder: object | null = options;
  while (holder !== null && holder !== Object.prototype && !Object.hasOwn(holder, name)) {
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return holder !== null && holder !== Object.prototype;
}

/** Options may have getters, and be proxies: whatever reading them throws is what is wrong with them. */
export function readable<T>(refusal: (message: string) => Error, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isMsalMiError(error) ? error : refusal('The options cannot be read: a getter or a proxy among them throws.');
  }
}

const STRENGTHS: readonly unknown[] = Object.values(MtlsBindingStrength);
/** Goes into headers and log lines. */
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

/** Options as they were passed. Members are unchecked: JavaScript callers pass what they like. */
export type UncheckedOptions = Readonly<Record<string, unknown>>;

/**
 * @returns Its members, each read once.
 * @throws ManagedIdentityError `invalid_request` for anything but an object whose members are all `known`, and when one of
 *   them comes from a polluted Object.prototype.
 */
export function parseOptions(method: string, options: unknown, known: ReadonlySet<string>): UncheckedOptions {
  return readable(invalidRequest, () => {
    assertKnown(method, options, known);
    return readMembers(options, known, invalidRequest);
  });
}

/** @throws ManagedIdentityError `invalid_request` for anything but an object whose members are all `known`. */
export function assertKnown(method: string, options: unknown, known: ReadonlySet<string>): asserts options is object {
  if (!isJsonObject(options)) throw invalidRequest(`${method} needs an object.`);
  for (const name in options) {
    if (!known.has(name)) throw invalidRequest(`The option ${JSON.stringify(name)} is unknown.`);
  }
}

const NOT_IN_A_URI = /[\s\\\p{Cc}]/u;
const HOST_WITH_LAST_DOT = /^https?:\/\/[^/?#]*\.(?::\d*)?(?:[/?#]|$)/i;

/**
 * Whether a token can be asked for it: not blank, and nothing in it that others read in another way. A backslash is a slash
 * to a URL parser, and a host with a dot at its end is the same host to DNS and another one to whoever compares names.
 */
export function isResource(resource: string): boolean {
  return resource !== '' && !NOT_IN_A_URI.test(resource) && !HOST_WITH_LAST_DOT.test(resource);
}

/** A boolean member; absent is false. */
export function parseFlag(name: string, value: unknown): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidRequest(`${name} must be true or false.`);
  return value;
}

/** The weakest key that will do. Undefined when none was named: then it is the strongest. */
export function parseNamedStrength(value: unknown): MtlsBindingStrength | undefined {
  if (value === undefined) return undefined;
  if (!STRENGTHS.includes(value)) throw invalidRequest('minStrength must be a member of MtlsBindingStrength.');
  return value as MtlsBindingStrength;
}

/** What is deeper cannot be written again: that takes a call for each level. */
const DEEPEST_CLAIMS = 100;

function isWithinDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isWithinDepth(member, levels - 1));
}

/** @throws MsiV2Error `invalid_json_claims_format` when the member is not a JSON object. Blank text means none. */
export function parseClaimsOption(name: 'claims' | 'claimsFromClient', value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    throw new MsiV2Error('invalid_json_claims_format', { message: `${name} must be a string holding a JSON object.` });
  }
  if (value.trim() === '') return undefined;
  const claims = parseJsonObject(value);
  if (claims === undefined) {
    throw new MsiV2Error('invalid_json_claims_format', { message: `${name} is not a JSON object.` });
  }
  if (!isWithinDepth(claims, DEEPEST_CLAIMS)) {
    throw new MsiV2Error('invalid_json_claims_format', {
      message: `${name} is nested more than ${DEEPEST_CLAIMS} deep.`,
    });
  }
  return value;
}

/**
 * Signals of libraries that imitate AbortSignal may lack what newer ones have.
 *
 * @param refusal - Makes the error. Default: ManagedIdentityError `invalid_request`.
 */
export function parseSignal(
  value: unknown,
  refusal: (message: string) => Error = invalidRequest,
): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  const isSignal = readable(refusal, () => {
    const { addEventListener, throwIfAborted } = value as Record<string, unknown>;
    return typeof value === 'object' && typeof addEventListener === 'function' && typeof throwIfAborted === 'function';
  });
  if (!isSignal) throw refusal('signal must be an AbortSignal.');
  return value as AbortSignal;
}

/** The given correlation id, or a new one. */
export function parseCorrelationId(value: unknown): string {
  if (value === undefined) return createCorrelationId();
  if (typeof value !== 'string' || !CORRELATION_ID.test(value)) {
    throw invalidRequest('correlationId must be 1 to 128 printable ASCII characters without spaces.');
  }
  return value;
}

/** All of a UUID but its last eight digits: this process's own. */
let prefix = '';
let count = 0;
/** All but the last two digits, for as many ids as there are last digits. */
let head = '';
const lastDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A UUID (RFC 9562, version 4 by its form) that no other call of this process has and none of another process will. The
 * ids of one process differ in their last eight digits, which count: they name calls and need not be unpredictable, and
 * every cached token takes one.
 */
export function createCorrelationId(): string {
  if (prefix === '') begin();
  count = (count + 1) >>> 0;
  const lastByte = count & 0xff;
  if (lastByte === 0) head = headOf(count);
  return head + (lastDigits[lastByte] ?? '');
}

/** With the first id, and by the global object: loading `node:crypto` is not part of importing this library. */
function begin(): void {
  const uuid = globalThis.crypto.randomUUID();
  prefix = uuid.slice(0, -8);
  count = parseInt(uuid.slice(-8), 16);
  head = headOf(count);
}

function headOf(number: number): string {
  return prefix + (number >>> 8).toString(16).padStart(6, '0');
}
