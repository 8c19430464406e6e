/** Configuration and ports in, what does the work of a BoundConfidentialClient out. Loaded with its first request. */
import { connectionsBehind } from '../binding/binding-context.js';
import { authoritiesTrustedBy, httpTransportOf, processSurroundings, type Surroundings } from '../composition.js';
import { createLogger } from '../diagnostics/logger.js';
import type { CallSurroundings } from '../mtls-fetch/application-members.js';
import type { AuthenticationResult } from '../public-types.js';
import { acquireFromCache, acquireFromNetwork, callOf, withinTimeout } from '../request/acquire-token.js';
import { forget } from '../request/recovery.js';
import { parseClientCredentialRequest } from './client-credential-request.js';
import { FederatedClient, type ClientSettings, type Refused } from './federated-client.js';
import { createRegionDetector, detectRegion } from './region.js';

/**
 * @param request - Unchecked: bad options reject before any I/O.
 * @param refused - What a resource or the token endpoint refused, when a token under something else is wanted.
 */
export type AcquireByAssertion = (request: unknown, refused?: Refused) => Promise<AuthenticationResult>;

/** The work of one client. */
export interface ComposedClient {
  readonly acquire: AcquireByAssertion;
  readonly trustedAuthorities: () => readonly string[] | undefined;
  readonly callSurroundings: CallSurroundings;
}

/** @param surroundings - Default: those of the process. */
export async function composeClient(
  settings: ClientSettings,
  surroundings: Surroundings | undefined,
): Promise<ComposedClient> {
  const { state, platform, clock } = surroundings ?? (await processSurroundings());
  const { configuration } = settings;
  const { trustedAuthorities, imdsBase, environment, loggerOptions, retriesEnabled } = configuration;
  const log = createLogger(loggerOptions);
  const http = httpTransportOf(configuration);
  const findRegion = () => detectRegion({ regionName: environment.regionName, imdsBase, http, clock, log });
  const client = new FederatedClient(settings, {
    state,
    clock,
    log,
    retriesEnabled,
    transport: trustedAuthorities.length === 0 ? undefined : platform.createTransport(trustedAuthorities),
    detectRegion: createRegionDetector(findRegion, clock),
  });
  const acquire: AcquireByAssertion = async (options, refused) => {
    const request = parseClientCredentialRequest(options);
    return withinTimeout(request, client, async (signal) => {
      const asserted = await client.assert(request, refused, callOf(request, client, signal));
      const result = acquireFromCache(asserted, client) ?? (await acquireFromNetwork(asserted, client, signal));
      const connections = refused?.part === 'certificate' ? connectionsBehind(refused.binding) : undefined;
      if (connections !== undefined) forget(connections, asserted.pair, state);
      return result;
    });
  };
  return {
    acquire,
    trustedAuthorities: () => authoritiesTrustedBy(configuration),
    callSurroundings: { clock, log },
  };
}
