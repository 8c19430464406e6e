/** Options that every kind of token request has: untrusted values in, typed values out, before any I/O. */
import { invalidRequest } from './bad-input.js';
import { createCorrelationId } from '../diagnostics/correlation-id.js';
import { MsiV2Error } from '../errors.js';
import { validateClaims } from '../token/claims.js';

/** Goes into headers and log lines. */
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

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

/** Signals of libraries that imitate AbortSignal may lack what newer ones have. */
export function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  const { addEventListener, throwIfAborted } = value as Record<string, unknown>;
  if (typeof value !== 'object' || typeof addEventListener !== 'function' || typeof throwIfAborted !== 'function') {
    throw invalidRequest('signal must be an AbortSignal.');
  }
  return value as AbortSignal;
}
