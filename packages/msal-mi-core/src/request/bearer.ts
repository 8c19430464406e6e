/** Unbound tokens: msal-node acquires them (D5). */
import { ManagedIdentityError } from '../errors.js';
import { MsalNodeApplication, type MsalNodeIdentity } from '../msal-node/msal-node.js';
import type { AuthenticationResult, ManagedIdentityConfiguration } from '../public-types.js';
import { environmentSource, knownSource } from '../source/select-source.js';
import { keepingProcess, withDeadline } from '../time/clock.js';
import type { IdentityClient } from './identity-client.js';
import { parseRequest, type TokenOptions } from './parse-request.js';

/** Acquires bearer tokens as the application is configured; makes one application of msal-node with the first request. */
export function createBearerDelegate(
  configuration: ManagedIdentityConfiguration,
  {
    environment,
    discoveryKey,
    state,
    clock,
    timeoutMs,
  }: Pick<IdentityClient, 'environment' | 'discoveryKey' | 'state' | 'clock' | 'timeoutMs'>,
  importMsalNode?: () => Promise<unknown>,
): (options: TokenOptions) => Promise<AuthenticationResult> {
  const application = new MsalNodeApplication<MsalNodeIdentity>(
    {
      create: ({ ManagedIdentityApplication }) => new ManagedIdentityApplication(configuration),
      alternative: 'set mtlsProofOfPossession: true',
      errorCode: 'managed_identity_request_failed',
    },
    importMsalNode,
  );
  return async (options) => {
    const { claims, forceRefresh, correlationId, signal } = parseRequest(options);
    signal?.throwIfAborted();
    const known = knownSource(state.discovered, discoveryKey, clock.monotonicMs());
    if (known?.finding === 'nothing' && environmentSource(environment) === undefined) {
      const { errorReason } = known.capabilities;
      throw new ManagedIdentityError('managed_identity_all_sources_unavailable', {
        correlationId,
        ...(errorReason !== undefined && { message: errorReason }),
      });
    }
    const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId });
    // As it was given: the audience of a token of IMDS v1 keeps its slash, and msal-node decides about the rest.
    const resource = (options.resource as string).trim();
    const acquire = (bounded: AbortSignal | undefined) =>
      application.acquire(
        (identity) => identity.acquireToken({ resource, forceRefresh, ...(claims !== undefined && { claims }) }),
        { correlationId, signal: bounded },
      );
    return keepingProcess(() => withDeadline({ clock, timeoutMs, signal, onTimeout }, acquire));
  };
}
