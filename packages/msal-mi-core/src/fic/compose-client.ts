/** Configuration and ports in, what does the work of a BoundConfidentialClient out. Loaded with its first request. */
import { SingleFlight } from '../cache/single-flight.js';
import { httpTransportOf, processSurroundings, type Surroundings } from '../composition.js';
import type { Configuration } from '../config.js';
import { createLogger } from '../diagnostics/logger.js';
import type { Binding } from '../model.js';
import type { MtlsChannel } from '../ports.js';
import type { AuthenticationResult } from '../public-types.js';
import { acquireByAssertion, type AssertedClient, type Refused } from './acquire-by-assertion.js';
import type { AssertionPair } from './assertion-pair.js';
import type { BoundClientAssertionCallback } from './client-assertion.js';
import { parseClientCredentialRequest } from './client-credential-request.js';
import type { MtlsAuthority } from './mtls-authority.js';
import { detectRegion } from './region.js';

/** A validated configuration. */
export interface ClientParts {
  readonly clientId: string;
  readonly clientAssertion: BoundClientAssertionCallback;
  readonly authority: MtlsAuthority;
  readonly configuration: Configuration;
}

/**
 * @param request - Unchecked: bad options reject before any I/O.
 * @param refused - What a resource or the token endpoint refused, when a token under something else is wanted.
 */
export type AcquireByAssertion = (request: unknown, refused?: Refused) => Promise<AuthenticationResult>;

/** @param surroundings - Default: those of the process. */
export async function composeClient(
  parts: ClientParts,
  surroundings: Surroundings | undefined,
): Promise<AcquireByAssertion> {
  const { state, platform, clock } = surroundings ?? (await processSurroundings());
  const { configuration } = parts;
  const { trustedAuthorities, imdsBase, environment } = configuration;

  const transport = trustedAuthorities.length === 0 ? undefined : platform.createTransport(trustedAuthorities);
  const channels = new WeakMap<Binding, MtlsChannel>();
  const ownChannel = ({ binding, channel }: AssertionPair): MtlsChannel => {
    if (transport === undefined) return channel;
    let own = channels.get(binding);
    if (own === undefined) {
      own = transport.bind(binding.key, binding.certificateDer);
      channels.set(binding, own);
    }
    return own;
  };
  let region: Promise<string | undefined> | undefined;
  const findRegion = () =>
    detectRegion({ regionName: environment.regionName, imdsBase, http: httpTransportOf(configuration) });
  const client: AssertedClient = {
    clientId: parts.clientId,
    authority: parts.authority,
    clientCapabilities: configuration.clientCapabilities,
    clientAssertion: parts.clientAssertion,
    state,
    flights: new SingleFlight(),
    clock,
    log: createLogger(configuration.loggerOptions),
    retriesEnabled: configuration.retriesEnabled,
    timeoutMs: configuration.timeoutMs,
    detectRegion: () => (region ??= findRegion()),
    channelOf: ownChannel,
  };
  return async (request, refused) => acquireByAssertion(parseClientCredentialRequest(request), client, refused);
}
