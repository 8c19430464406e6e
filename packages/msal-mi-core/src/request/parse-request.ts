/** Untrusted options in, a validated request out, before any I/O (D3, D20). */
import {
  assertKnown,
  invalidRequest,
  isResource,
  NOTHING,
  parseClaimsOption,
  parseCorrelationId,
  parseFlag,
  parseOptions,
  parseSignal,
  parseNamedStrength,
  readable,
  readMembers,
  type UncheckedOptions,
} from '../options/options.js';
import { REPLACEMENT, type CallMembers } from '../mtls-fetch/application-members.js';
import { ManagedIdentityError, MsiV2Error } from '../errors.js';
import type { TokenRequest } from '../model.js';
import { MtlsBindingStrength } from '../public-types/constants.js';

const KNOWN_OPTIONS = new Set([
  'resource',
  'claims',
  'claimsFromClient',
  'forceRefresh',
  'correlationId',
  'signal',
  'mtlsProofOfPossession',
  'requestOverMtls',
  'withAttestationSupport',
  'minStrength',
]);
const CAPABILITY_OPTIONS = new Set(['signal', 'refresh']);
const DEFAULT_SCOPE_SUFFIX = '/.default';
const TRAILING_SLASHES = /\/+$/;

/** The options of a token request, each read once. Values are unchecked. */
export type TokenOptions = ReturnType<typeof pick>;

/** By name: finding a token in the cache costs little more than going through a list of names would. */
function pick(options: UncheckedOptions) {
  const { resource, claims, claimsFromClient, forceRefresh, correlationId, signal } = options;
  const { mtlsProofOfPossession, requestOverMtls, withAttestationSupport, minStrength } = options;
  const replacement = (options as CallMembers)[REPLACEMENT];
  return {
    resource,
    claims,
    claimsFromClient,
    forceRefresh,
    correlationId,
    signal,
    mtlsProofOfPossession,
    requestOverMtls,
    withAttestationSupport,
    minStrength,
    replacement,
  };
}

/** @throws ManagedIdentityError `invalid_request` for what is not an object of known members that can be read. */
export function readTokenOptions(options: unknown): TokenOptions {
  return readable(invalidRequest, () => {
    assertKnown('acquireToken', options, KNOWN_OPTIONS);
    return pick(isPolluted() ? readMembers(options, KNOWN_OPTIONS, invalidRequest) : (options as UncheckedOptions));
  });
}

/** Nearly always it is not, and then nobody has to ask of each member whose it is. */
function isPolluted(): boolean {
  const found = pick(NOTHING);
  return (
    found.resource !== undefined ||
    found.claims !== undefined ||
    found.claimsFromClient !== undefined ||
    found.forceRefresh !== undefined ||
    found.correlationId !== undefined ||
    found.signal !== undefined ||
    found.mtlsProofOfPossession !== undefined ||
    found.requestOverMtls !== undefined ||
    found.withAttestationSupport !== undefined ||
    found.minStrength !== undefined
  );
}

/** True for a token that is acquired with the certificate, bound to it or not (D33). Checks the flags that decide about that. */
export function isRequestOverMtls(options: TokenOptions): boolean {
  const isBound = parseFlag('mtlsProofOfPossession', options.mtlsProofOfPossession);
  const isBearer = parseFlag('requestOverMtls', options.requestOverMtls);
  if (isBound && isBearer) {
    throw invalidRequest(
      'mtlsProofOfPossession asks for a bound token and requestOverMtls for a bearer token: set one of them.',
    );
  }
  if (isBound || isBearer) return true;
  if (parseFlag('withAttestationSupport', options.withAttestationSupport)) {
    throw new MsiV2Error('attestation_requires_pop');
  }
  if (options.minStrength !== undefined) {
    throw invalidRequest('minStrength needs mtlsProofOfPossession: true or requestOverMtls: true.');
  }
  if (parseClaimsOption('claimsFromClient', options.claimsFromClient) !== undefined) {
    throw invalidRequest(
      'claimsFromClient needs mtlsProofOfPossession: true or requestOverMtls: true: the older token endpoint takes no claims.',
    );
  }
  return false;
}

export function parseRequest(options: TokenOptions): TokenRequest {
  const { resource, scope } = parseAudience(options.resource);
  const namedStrength = parseNamedStrength(options.minStrength);
  return {
    tokenType: options.requestOverMtls === true ? 'Bearer' : 'mtls_pop',
    resource,
    scope,
    claims: parseClaimsOption('claims', options.claims),
    claimsFromClient: parseClaimsOption('claimsFromClient', options.claimsFromClient),
    forceRefresh: parseFlag('forceRefresh', options.forceRefresh),
    attested: parseFlag('withAttestationSupport', options.withAttestationSupport),
    minStrength: namedStrength ?? MtlsBindingStrength.KeyGuard,
    namedStrength,
    correlationId: parseCorrelationId(options.correlationId),
    signal: parseSignal(options.signal),
    replacement: options.replacement,
  };
}

/** The options of a capability query. */
export function parseCapabilityQuery(options: unknown): { refresh: boolean; signal: AbortSignal | undefined } {
  const query = parseOptions('getManagedIdentityCapabilities', options, CAPABILITY_OPTIONS);
  return { refresh: parseFlag('refresh', query['refresh']), signal: parseSignal(query['signal']) };
}

/** What a token is asked for. */
interface Audience {
  readonly resource: string;
  readonly scope: string;
}

/** What was passed -> what it means. An application asks for the same few again and again. */
const AUDIENCES = new Map<string, Audience>();
const MAX_AUDIENCES = 1_000;

function parseAudience(value: unknown): Audience {
  if (typeof value !== 'string') throw new ManagedIdentityError('invalid_resource');
  const known = AUDIENCES.get(value);
  if (known !== undefined) return known;
  const resource = parseResource(value);
  const audience = { resource, scope: `${resource}${DEFAULT_SCOPE_SUFFIX}` };
  if (AUDIENCES.size >= MAX_AUDIENCES) AUDIENCES.clear();
  AUDIENCES.set(value, audience);
  return audience;
}

/** Nearly always there is nothing to cut off: the string that was passed is then the one that is looked up. */
function parseResource(value: string): string {
  let resource = value.trim();
  if (resource.endsWith(DEFAULT_SCOPE_SUFFIX)) resource = resource.slice(0, -DEFAULT_SCOPE_SUFFIX.length);
  if (resource.endsWith('/')) resource = resource.replace(TRAILING_SLASHES, '');
  if (!isResource(resource)) throw new ManagedIdentityError('invalid_resource');
  return resource;
}
