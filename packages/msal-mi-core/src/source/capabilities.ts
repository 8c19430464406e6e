/** What this host can do, found without creating a key and without asking for a token (D4). */
import type { DiscoveredSource, SharedState } from '../cache/shared-state.js';
import type { Call } from '../call.js';
import { hostPlatform } from '../host-platform.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import { probeVersion1, probeVersion2, requestSecurityType } from '../imds/probe.js';
import type { HostEnvironment } from '../model.js';
import type { KeyStore } from '../ports.js';
import { ManagedIdentitySourceNames, MtlsBindingStrength } from '../public-types.js';
import { environmentSource, knownSource } from './select-source.js';

/** What is asked, and where what was found is kept. */
export interface Host {
  readonly environment: HostEnvironment;
  readonly imds: ImdsEndpoint;
  readonly keyStore: KeyStore;
  readonly state: Pick<SharedState, 'discovered' | 'flights'>;
  /** Applications with the same settings share a probe. */
  readonly flightOwner: string;
}

type Capabilities = DiscoveredSource['capabilities'];

const TRUSTED_SECURITY_TYPES = ['trustedlaunch', 'confidentialvm'];

/** @param refresh - True probes although it is known what would be found. */
export async function discoverSource(host: Host, refresh: boolean, call: Call): Promise<Capabilities> {
  const { imds, state } = host;
  call.signal?.throwIfAborted();
  const source = environmentSource(host.environment);
  if (source !== undefined) return describe(source, MtlsBindingStrength.Bearer);
  const known = refresh ? undefined : knownSource(state.discovered, imds.base, call.clock.now());
  if (known !== undefined) return known.capabilities;
  const found = await state.flights.run(`capabilities\0${host.flightOwner}`, call.signal, async (signal) => {
    const outcome = await probe(host, { ...call, signal });
    state.discovered.set(imds.base, outcome);
    return outcome;
  });
  return found.capabilities;
}

async function probe({ imds, keyStore }: Host, call: Call): Promise<DiscoveredSource> {
  const found = (capabilities: Capabilities, imdsVersion: DiscoveredSource['imdsVersion']): DiscoveredSource => ({
    capabilities,
    imdsVersion,
    foundAtMs: call.clock.now(),
  });

  const v2Failure = await probeVersion2(imds, call);
  if (v2Failure === undefined) {
    const strength = await keyStore.strongest().catch(() => MtlsBindingStrength.Software);
    return found(describe(ManagedIdentitySourceNames.IMDS, strength), 2);
  }
  const v1Failure = await probeVersion1(imds, call);
  if (v1Failure === undefined) {
    return found(describe(ManagedIdentitySourceNames.IMDS, await strengthOfV1Host(imds, call)), 1);
  }
  const errorReason = `IMDSv2: ${v2Failure} IMDSv1: ${v1Failure}`;
  return found(describe(ManagedIdentitySourceNames.NONE, MtlsBindingStrength.Bearer, errorReason), undefined);
}

async function strengthOfV1Host(imds: ImdsEndpoint, call: Call): Promise<MtlsBindingStrength> {
  if (hostPlatform() !== 'win32') return MtlsBindingStrength.Bearer;
  const isTrusted = TRUSTED_SECURITY_TYPES.includes(await requestSecurityType(imds, call));
  return isTrusted ? MtlsBindingStrength.Software : MtlsBindingStrength.Bearer;
}

function describe(
  source: ManagedIdentitySourceNames,
  strength: MtlsBindingStrength,
  errorReason?: string,
): Capabilities {
  return Object.freeze({
    source,
    isMtlsPopSupportedByHost: strength > MtlsBindingStrength.Bearer,
    maxSupportedBindingStrength: strength,
    ...(errorReason !== undefined && { errorReason }),
  });
}
