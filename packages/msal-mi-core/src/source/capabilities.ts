/** What this host can do, found without creating a key and without asking for a token (D4). */
import type { DiscoveredSource, Finding, SharedState } from '../cache/shared-state.js';
import type { Call } from '../call.js';
import { DISABLE_IMDS_V2 } from '../hosts.js';
import { hostPlatform } from '../host-platform.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import { probeVersion1, probeVersion2, requestSecurityType, type ProbeFailure } from '../imds/probe.js';
import type { HostEnvironment } from '../model.js';
import type { KeyStore } from '../ports.js';
import { ManagedIdentitySourceNames, MtlsBindingStrength } from '../public-types/constants.js';
import { environmentSource, knownSource } from './select-source.js';

/** What is asked, and where what was found is kept. */
export interface Host {
  readonly environment: HostEnvironment;
  readonly imds: ImdsEndpoint;
  readonly keyStore: KeyStore;
  readonly state: Pick<SharedState, 'discovered' | 'flights'>;
  /** Applications with the same settings share a probe. */
  readonly flightOwner: string;
  /** Where what is found is kept. */
  readonly discoveryKey: string;
  /** True leaves version 2 alone (D32). */
  readonly isVersion2Disabled: boolean;
}

type Capabilities = DiscoveredSource['capabilities'];

/** What is said in place of a probe. */
const SWITCHED_OFF: ProbeFailure = {
  status: undefined,
  reason: `switched off by the environment variable ${DISABLE_IMDS_V2}.`,
};
const TRUSTED_SECURITY_TYPES = ['trustedlaunch', 'confidentialvm'];

/** @param refresh - True probes although it is known what would be found. */
export async function discoverSource(host: Host, refresh: boolean, call: Call): Promise<Capabilities> {
  const { state } = host;
  call.signal?.throwIfAborted();
  const source = environmentSource(host.environment);
  if (source !== undefined) return describe(source, MtlsBindingStrength.Bearer);
  const known = refresh ? undefined : knownSource(state.discovered, host.discoveryKey, call.clock.monotonicMs());
  if (known !== undefined) return known.capabilities;
  const found = await state.flights.run(`capabilities\0${host.flightOwner}`, call.signal, async (signal) => {
    const outcome = await probe(host, { ...call, signal });
    state.discovered.set(host.discoveryKey, outcome);
    const { errorReason } = outcome.capabilities;
    if (errorReason !== undefined) call.log.warning(`capabilities: ${errorReason}`);
    return outcome;
  });
  return found.capabilities;
}

async function probe({ imds, keyStore, isVersion2Disabled }: Host, call: Call): Promise<DiscoveredSource> {
  const found = (finding: Finding, capabilities: Capabilities): DiscoveredSource => ({
    finding,
    capabilities,
    foundAtMs: call.clock.monotonicMs(),
  });
  const { IMDS, NONE } = ManagedIdentitySourceNames;

  const v2 = isVersion2Disabled ? SWITCHED_OFF : await probeVersion2(imds, call);
  if (v2 === undefined) {
    const strength = await keyStore.strongest().catch(() => MtlsBindingStrength.Software);
    return found('version-2', describe(IMDS, strength));
  }
  const v1 = await probeVersion1(imds, call);
  const isV2Absent = v2.status === 404;
  if (v1 === undefined) {
    return isV2Absent
      ? found('version-1-only', describe(IMDS, await strengthOfV1Host(imds, call)))
      : found('not-known', describe(IMDS, MtlsBindingStrength.Bearer, `IMDSv2: ${v2.reason}`));
  }
  const errorReason = `IMDSv2: ${v2.reason} IMDSv1: ${v1.reason}`;
  // Whatever answers with anything but "not there" is IMDS, though it cannot be used now.
  const answers = [v1, v2].some(({ status }) => status !== undefined && status !== 404);
  const source = answers ? IMDS : NONE;
  return found(
    isV2Absent && v1.status === 404 ? 'nothing' : 'not-known',
    describe(source, MtlsBindingStrength.Bearer, errorReason),
  );
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
