/** Options that every kind of token request has: untrusted values in, typed values out, before any I/O. */
import { createCorrelationId } from './diagnostics/correlation-id.js';
import { ManagedIdentityError, MsiV2Error } from './errors.js';
import { validateClaims } from './token/claims.js';

/** A token request. Members are unchecked: JavaScript callers pass what they like. */
export type RequestOptions = Readonly<Record<string, unknown>>;

/** Goes into headers and log lines. */
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

/** @throws ManagedIdentityError `invalid_request` for anything but an object whose members are all `known`. */
export function parseOptions(method: string, options: unknown, known: ReadonlySet<string>): RequestOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidRequest(`${method} needs an object.`);
  }
  for (const name in options) {
    if (!known.has(name)) throw invalidRequest(`The option ${JSON.stringify(name)} is unknown.`);
  }
  return options as RequestOptions;
}

/** @throws MsiV2Error `invalid_json_claims_format` when the member is not a JSON object. Blank text means none. */
export function parseClaimsOption(name: 'claims' | 'claimsFromClient', value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    throw new MsiV2Error('invalid_json_claims_format', { message: `${name} must be a string holding a JSON object.` });
  }
  if (value.trim() === '') return undefined;
  validateClaims(name, value);
  return value;
}

/** The given correlation id, or a new one. */
export function parseCorrelationId(value: unknown): string {
  if (value === undefined) return createCorrelationId();
  if (typeof value !== 'string' || !CORRELATION_ID.test(value)) {
    throw invalidRequest('correlationId must be 1 to 128 printable ASCII characters without spaces.');
  }
  return value;
}

export function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || typeof (value as AbortSignal).addEventListener !== 'function') {
    throw invalidRequest('signal must be an AbortSignal.');
  }
  return value as AbortSignal;
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
