/** Untrusted options in, a validated request out, before any I/O (PROTOCOL D3, D20). */
import { ManagedIdentityError, MsiV2Error } from '../errors.js';
import type { TokenRequest } from '../model.js';
import {
  invalidRequest,
  parseClaimsOption,
  parseCorrelationId,
  parseFlag,
  parseOptions,
  parseSignal,
  type RequestOptions,
} from '../request-options.js';
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

/** True for a request for a bound token. Checks the flags that decide about the kind. */
export function isBoundRequest(options: unknown): options is RequestOptions {
  const request = parseOptions('acquireToken', options, KNOWN_OPTIONS);
  const isBound = parseFlag(request, 'mtlsProofOfPossession');
  if (parseFlag(request, 'withAttestationSupport') && !isBound) throw new MsiV2Error('attestation_requires_pop');
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
    forceRefresh: parseFlag(options, 'forceRefresh'),
    attested: parseFlag(options, 'withAttestationSupport'),
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

function parseStrength(value: unknown): MtlsBindingStrength {
  if (value === undefined) return MtlsBindingStrength.KeyGuard;
  if (!STRENGTHS.includes(value)) throw invalidRequest('minStrength must be a member of MtlsBindingStrength.');
  return value as MtlsBindingStrength;
}
