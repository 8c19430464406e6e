/** Untrusted options in, a validated request out, before any I/O (D20, D31). */
import {
  invalidRequest,
  isResource,
  parseClaimsOption,
  parseCorrelationId,
  parseFlag,
  parseOptions,
  parseSignal,
} from '../options/options.js';
import { REPLACEMENT, type CallMembers } from '../mtls-fetch/application-members.js';
import { MsiV2Error } from '../errors.js';
import type { TokenDemand } from '../model.js';
import { isRegionName, parseTenant } from './mtls-authority.js';

/** Parameters of every request of a {@link BoundConfidentialClient}. Unknown members are refused. */
export interface ClientCredentialParams {
  /** One application ID URI followed by `/.default`, e.g. `['https://graph.microsoft.com/.default']`. */
  scopes: string[];
  /**
   * Azure region whose token service is used, e.g. `westus3`; `TryAutoDetect` asks the host for its region, and
   * `DisableMsalForceRegion` means the global service whatever the environment says. Default: the environment variable
   * `MSAL_FORCE_REGION` (read by the constructor), else the global service, which is also used when no region is found.
   */
  azureRegion?: string;
  /** Tenant id or domain of the tenant whose token is wanted. Default: the tenant of `auth.authority`. */
  tenantId?: string;
  /** Claims challenge of a server (JSON object): the cached token is not used. */
  claims?: string;
  /** Claims of the client's own (JSON object): part of the cache key. */
  claimsFromClient?: string;
  /** True asks for a new token although a cached one is valid. The certificate is kept. Default: false. */
  skipCache?: boolean;
  /** Sent to every service of both legs and found in results and errors. Default: a random UUID. */
  correlationId?: string;
  /** Rejects the call at once with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * A validated request.
 *
 * @internal
 */
export interface ClientCredentialRequest extends TokenDemand {
  readonly region: string | undefined;
  /** Undefined: the authority's. */
  readonly tenantId: string | undefined;
}

/** msal-node's and Identity Web's way to ask for the region of the host. */
export const AUTO_DETECT_REGION = 'TryAutoDetect';
/** .NET's word for "no region", which also overrides the environment. */
export const NO_REGION = 'DisableMsalForceRegion';

const KNOWN_OPTIONS = new Set([
  'scopes',
  'azureRegion',
  'tenantId',
  'claims',
  'claimsFromClient',
  'skipCache',
  'correlationId',
  'signal',
  'mtlsProofOfPossession',
]);
const SCOPE = /^([^\s\p{Cc}]+)\/\.default$/u;

/** @internal */
export function parseClientCredentialRequest(request: unknown): ClientCredentialRequest {
  const options = parseOptions('acquireTokenByClientCredential', request, KNOWN_OPTIONS);
  const { scope, resource } = parseScope(options['scopes']);
  return {
    tokenType: parseFlag('mtlsProofOfPossession', options['mtlsProofOfPossession']) ? 'mtls_pop' : 'Bearer',
    scope,
    resource,
    region: parseRegion(options['azureRegion']),
    tenantId: options['tenantId'] === undefined ? undefined : parseTenant('tenantId', options['tenantId']),
    claims: parseClaimsOption('claims', options['claims']),
    claimsFromClient: parseClaimsOption('claimsFromClient', options['claimsFromClient']),
    forceRefresh: parseFlag('skipCache', options['skipCache']),
    correlationId: parseCorrelationId(options['correlationId']),
    signal: parseSignal(options['signal']),
    replacement: (options as CallMembers)[REPLACEMENT],
  };
}

function parseScope(scopes: unknown): { scope: string; resource: string } {
  const [scope, ...others] = Array.isArray(scopes) ? (scopes as unknown[]) : [];
  const [, resource] = typeof scope === 'string' ? (SCOPE.exec(scope.trim()) ?? []) : [];
  if (resource === undefined || !isResource(resource) || others.length > 0) throw new MsiV2Error('invalid_scope');
  return { scope: `${resource}/.default`, resource };
}

function parseRegion(region: unknown): string | undefined {
  if (region === undefined || region === null || region === '') return undefined;
  if (!isRegionName(region)) throw invalidRequest('azureRegion must consist of letters and digits, such as "westus3".');
  return region;
}
