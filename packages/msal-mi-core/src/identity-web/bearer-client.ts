/** Unbound tokens of an application whose credential is a managed identity: msal-node acquires them (D5). */
import type { ManagedIdentityApplication } from '../client.js';
import { ManagedIdentityError } from '../errors.js';
import { isLoopbackHost } from '../loopback.js';
import { MsalNodeApplication, type BearerCall, type MsalNodeClient } from '../msal-node/msal-node.js';
import type { Clock } from '../ports.js';
import type { AuthenticationResult, ManagedIdentityConfiguration } from '../public-types.js';
import { keepingProcess, withDeadline } from '../time/clock.js';
import type { ApplicationSettings } from './application-settings.js';

/** What such an application is made with. */
export interface BearerClientOptions {
  readonly settings: ApplicationSettings;
  readonly identity: ManagedIdentityApplication;
  readonly capabilities: readonly string[];
  /** `timeout` bounds each request; msal-node gets what it knows of the rest. */
  readonly system: ManagedIdentityConfiguration['system'];
  readonly clock: Clock;
}
export interface BearerRequest extends BearerCall {
  readonly resource: string;
  readonly claims?: string;
  readonly skipCache: boolean;
}

/** Loads msal-node on the first request and keeps one client of it. */
export function createBearerClient(
  options: BearerClientOptions,
): (request: BearerRequest) => Promise<AuthenticationResult> {
  const { clock, system, settings } = options;
  const application = new MsalNodeApplication<MsalNodeClient>({
    create: ({ ConfidentialClientApplication }) => new ConfidentialClientApplication(configurationOf(options)),
    alternative: 'set ProtocolScheme to MTLS_POP',
    errorCode: 'token_request_failed',
  });
  return async (request) => {
    const { resource, claims, skipCache, correlationId } = request;
    const onTimeout = () =>
      new ManagedIdentityError('request_timeout', { ...(correlationId !== undefined && { correlationId }) });
    const deadline = { clock, timeoutMs: system?.timeout ?? undefined, signal: request.signal, onTimeout };
    const acquire = (signal: AbortSignal | undefined) =>
      application.acquire(
        (client) =>
          client.acquireTokenByClientCredential({
            scopes: [`${resource}/.default`],
            skipCache,
            ...(claims !== undefined && { claims }),
            ...(correlationId !== undefined && { correlationId }),
            ...(settings.region !== undefined && { azureRegion: settings.region }),
          }),
        { correlationId, signal },
      );
    return keepingProcess(() => withDeadline(deadline, acquire));
  };
}

function configurationOf({ settings, identity, capabilities, system }: BearerClientOptions): object {
  const { clientId, authority, audience } = settings;
  const { host, hostname } = new URL(authority);
  const { loggerOptions, networkClient } = system ?? {};
  return {
    auth: {
      clientId,
      authority,
      clientAssertion: async () => (await identity.acquireToken({ resource: audience })).accessToken,
      ...(capabilities.length > 0 && { clientCapabilities: [...capabilities] }),
      ...(isLoopbackHost(hostname) && { knownAuthorities: [host] }),
    },
    system: { ...(loggerOptions && { loggerOptions }), ...(networkClient && { networkClient }) },
  };
}
