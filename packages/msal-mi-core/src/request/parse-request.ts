/** Untrusted options in, a validated request out, before any I/O (PROTOCOL D3, D20). */
import { randomUUID } from 'node:crypto';
import { ManagedIdentityError, MsiV2Error } from '../errors.js';
import type { TokenRequest } from '../model.js';
import { validateClaims } from '../token/claims.js';
import { MtlsBindingStrength } from '../types.js';

const KNOWN_OPTIONS = new Set([
  'resource',
  'claims',
  'claimsFromClient',
  'forceRefresh',
  'correlationId',
  'signal',
  'mtlsProofOfPossession',
  'withAttestationSupport',
  'minStrength',
]);
const STRENGTHS: readonly unknown[] = Object.values(MtlsBindingStrength);
const DEFAULT_SCOPE_SUFFIX = /\/\.default$/;
/** Goes into headers and log lines. */
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

/** A request for either kind of token. Members are unchecked: JavaScript callers pass what they like. */
export type RequestOptions = Readonly<Record<string, unknown>>;

/** True for a request for a bound token. Checks the flags that decide about the kind. */
export function isBoundRequest(options: unknown): options is RequestOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidRequest('acquireToken needs an object with a resource.');
  }
  for (const name in options) {
    if (!KNOWN_OPTIONS.has(name)) throw invalidRequest(`The option ${JSON.stringify(name)} is unknown.`);
  }
  const request = options as RequestOptions;
  const isBound = flag(request, 'mtlsProofOfPossession');
  if (flag(request, 'withAttestationSupport') && !isBound) throw new MsiV2Error('attestation_requires_pop');
  if (request['minStrength'] !== undefined && !isBound) {
    throw invalidRequest('minStrength needs mtlsProofOfPossession: true.');
  }
  return isBound;
}

export function parseRequest(options: RequestOptions): TokenRequest {
  const resource = parseResource(options['resource']);
  return {
    resource,
    scope: `${resource}/.default`,
    claims: parseClaimsOption(options, 'claims'),
    claimsFromClient: parseClaimsOption(options, 'claimsFromClient'),
    forceRefresh: flag(options, 'forceRefresh'),
    attested: flag(options, 'withAttestationSupport'),
    minStrength: parseStrength(options['minStrength']),
    correlationId: parseCorrelationId(options['correlationId']),
    signal: parseSignal(options['signal']),
  };
}

function parseResource(value: unknown): string {
  if (typeof value !== 'string') throw new ManagedIdentityError('invalid_resource');
  const resource = value.trim().replace(DEFAULT_SCOPE_SUFFIX, '').replace(/\/+$/, '');
  if (resource === '' || /[\s\p{Cc}]/u.test(resource)) throw new ManagedIdentityError('invalid_resource');
  return resource;
}

function parseClaimsOption(options: RequestOptions, name: 'claims' | 'claimsFromClient'): string | undefined {
  const value = options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    throw new MsiV2Error('invalid_json_claims_format', { message: `${name} must be a string holding a JSON object.` });
  }
  if (value.trim() === '') return undefined;
  validateClaims(name, value);
  return value;
}

function parseStrength(value: unknown): MtlsBindingStrength {
  if (value === undefined) return MtlsBindingStrength.KeyGuard;
  if (!STRENGTHS.includes(value)) throw invalidRequest('minStrength must be a member of MtlsBindingStrength.');
  return value as MtlsBindingStrength;
}

function parseCorrelationId(value: unknown): string {
  if (value === undefined) return randomUUID();
  if (typeof value !== 'string' || !CORRELATION_ID.test(value)) {
    throw invalidRequest('correlationId must be 1 to 128 printable ASCII characters without spaces.');
  }
  return value;
}

function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || typeof (value as AbortSignal).addEventListener !== 'function') {
    throw invalidRequest('signal must be an AbortSignal.');
  }
  return value as AbortSignal;
}

function flag(options: RequestOptions, name: string): boolean {
  const value = options[name];
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw invalidRequest(`${name} must be true or false.`);
  return value;
}

function invalidRequest(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_request', { message });
}
