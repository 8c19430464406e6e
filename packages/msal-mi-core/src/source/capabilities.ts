/** What this host can do, found without creating a key and without asking for a token (D4). */
import { hostPlatform } from '../host-platform.js';
import type { DiscoveredSource } from '../cache/shared-state.js';
import type { SingleFlight } from '../cache/single-flight.js';
import { isMsalMiError } from '../errors.js';
import type { HostEnvironment } from '../model.js';
import type { Clock, KeyStore } from '../ports.js';
import { callImds, parseJsonObject, type ImdsCall, type ImdsEndpoint } from '../imds/endpoint.js';
import { IMDS_PROBE_POLICY } from '../transport/retry.js';
import { ManagedIdentitySourceNames, MtlsBindingStrength } from '../public-types.js';
import { METADATA_PATH } from '../imds/metadata.js';
import { environmentSource, knownSource } from './select-source.js';

export interface CapabilityQuery {
  readonly environment: HostEnvironment;
  readonly imds: ImdsEndpoint;
  readonly keyStore: KeyStore;
  readonly clock: Clock;
  readonly discovered: Map<string, DiscoveredSource>;
  readonly flights: SingleFlight;
  readonly flightOwner: string;
  readonly refresh: boolean;
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
}

const V1_TOKEN_PATH = '/metadata/identity/oauth2/token';
const COMPUTE_PATH = '/metadata/instance/compute';
const TRUSTED_SECURITY_TYPES = ['trustedlaunch', 'confidentialvm'];

export async function discoverSource(query: CapabilityQuery): Promise<DiscoveredSource['capabilities']> {
  const { imds, clock, discovered, flights } = query;
  query.signal?.throwIfAborted();
  const source = environmentSource(query.environment);
  if (source !== undefined) return describe(source, MtlsBindingStrength.Bearer);
  const known = query.refresh ? undefined : knownSource(discovered, imds.base, clock.now());
  if (known !== undefined) return known.capabilities;
  const found = await flights.run(`capabilities\0${query.flightOwner}`, query.signal, async (signal) => {
    const outcome = await probe({ ...query, signal });
    discovered.set(imds.base, outcome);
    return outcome;
  });
  return found.capabilities;
}

async function probe(query: CapabilityQuery): Promise<DiscoveredSource> {
  const found = (
    capabilities: DiscoveredSource['capabilities'],
    imdsVersion: DiscoveredSource['imdsVersion'],
  ): DiscoveredSource => ({ capabilities, imdsVersion, foundAtMs: query.clock.now() });

  const v2Failure = await probeOnce(query, METADATA_PATH, { 'cred-api-version': '2.0' });
  if (v2Failure === undefined) {
    const strength = await query.keyStore.strongest().catch(() => MtlsBindingStrength.Software);
    return found(describe(ManagedIdentitySourceNames.IMDS, strength), 2);
  }
  const v1Failure = await probeOnce(query, V1_TOKEN_PATH, { 'api-version': '2018-02-01' });
  if (v1Failure === undefined) {
    return found(describe(ManagedIdentitySourceNames.IMDS, await strengthOfV1Host(query)), 1);
  }
  const errorReason = `IMDSv2: ${v2Failure} IMDSv1: ${v1Failure}`;
  return found(describe(ManagedIdentitySourceNames.NONE, MtlsBindingStrength.Bearer, errorReason), undefined);
}

/** Undefined when this version answers: with 400, because the header that a request needs is left out on purpose. */
async function probeOnce(
  query: CapabilityQuery,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  try {
    const { status } = await callImds(query.imds, { ...probeCall(query, path, parameters), policy: IMDS_PROBE_POLICY });
    return status === 400 ? undefined : `probe failed with HTTP ${status}.`;
  } catch (error) {
    query.signal?.throwIfAborted();
    if (!isMsalMiError(error)) throw error;
    return `probe failed: ${error.errorMessage}`;
  }
}

async function strengthOfV1Host(query: CapabilityQuery): Promise<MtlsBindingStrength> {
  if (hostPlatform() !== 'win32') return MtlsBindingStrength.Bearer;
  try {
    const call = probeCall(query, COMPUTE_PATH, { 'api-version': '2021-02-01' });
    const response = await callImds(query.imds, { ...call, headers: { Metadata: 'true' } });
    const profile = parseJsonObject(response.body)?.['securityProfile'] as
      { securityType?: unknown } | null | undefined;
    const type = typeof profile?.securityType === 'string' ? profile.securityType.toLowerCase() : '';
    const isTrusted = response.status === 200 && TRUSTED_SECURITY_TYPES.includes(type);
    return isTrusted ? MtlsBindingStrength.Software : MtlsBindingStrength.Bearer;
  } catch (error) {
    query.signal?.throwIfAborted();
    if (!isMsalMiError(error)) throw error;
    return MtlsBindingStrength.Bearer;
  }
}

function probeCall(query: CapabilityQuery, path: string, parameters: Readonly<Record<string, string>>): ImdsCall {
  return {
    method: 'GET',
    path,
    query: parameters,
    headers: {},
    stage: 'metadata',
    correlationId: query.correlationId,
    signal: query.signal,
  };
}

function describe(
  source: ManagedIdentitySourceNames,
  strength: MtlsBindingStrength,
  errorReason?: string,
): DiscoveredSource['capabilities'] {
  return Object.freeze({
    source,
    isMtlsPopSupportedByHost: strength > MtlsBindingStrength.Bearer,
    maxSupportedBindingStrength: strength,
    ...(errorReason !== undefined && { errorReason }),
  });
}
