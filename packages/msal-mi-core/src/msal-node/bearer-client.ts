/** Unbound assertions are msal-node's work, as bearer tokens of a managed identity are (D5). */
import type { ManagedIdentityApplication } from '../client.js';
import { isMsalMiError, ManagedIdentityError } from '../errors.js';
import type { Clock } from '../ports.js';
import { redact, summarizeForeignError } from '../secret.js';
import { withDeadline } from '../time/cancellation.js';
import type { AuthenticationResult, ManagedIdentityConfiguration } from '../public-types.js';
import type { ApplicationSettings } from '../identity-web/application-settings.js';

/** What is used of msal-node's ConfidentialClientApplication. */
interface MsalNodeClient {
  acquireTokenByClientCredential(request: object): Promise<AuthenticationResult | null>;
}
interface MsalNode {
  ConfidentialClientApplication: new (configuration: object) => MsalNodeClient;
}

export interface BearerParts {
  readonly settings: ApplicationSettings;
  readonly identity: ManagedIdentityApplication;
  readonly capabilities: readonly string[];
  /** `timeout` bounds each request; msal-node gets what it knows of the rest. */
  readonly system: ManagedIdentityConfiguration['system'];
  readonly clock: Clock;
}
export interface BearerParams {
  readonly resource: string;
  readonly claims?: string;
  readonly skipCache: boolean;
  readonly correlationId?: string;
  readonly signal?: AbortSignal;
}

// Not a literal in the import(): bundlers would fail the build of every application that does not have the package.
const PACKAGE_NAME: string = '@azure/msal-node';

/** Loads msal-node on the first request and keeps one client of it. */
export function createBearerClient(parts: BearerParts): (request: BearerParams) => Promise<AuthenticationResult> {
  const { clock, system } = parts;
  const timeoutMs = system?.timeout ?? undefined;
  let client: Promise<MsalNodeClient> | undefined;
  const acquire = async ({ resource, claims, skipCache, correlationId }: BearerParams) => {
    client ??= load(parts).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    const { region } = parts.settings;
    const msalNodeClient = await client;
    const result = await msalNodeClient.acquireTokenByClientCredential({
      scopes: [`${resource}/.default`],
      skipCache,
      ...(claims !== undefined && { claims }),
      ...(correlationId !== undefined && { correlationId }),
      ...(region !== undefined && { azureRegion: region }),
    });
    if (result === null) throw new ManagedIdentityError('invalid_token_response');
    return result;
  };
  return async (request) => {
    const { correlationId, signal } = request;
    const onTimeout = () =>
      new ManagedIdentityError('request_timeout', { ...(correlationId !== undefined && { correlationId }) });
    try {
      return await withDeadline({ clock, timeoutMs, signal, onTimeout }, () => acquire(request));
    } catch (error) {
      signal?.throwIfAborted();
      throw isMsalMiError(error) ? error : toManagedIdentityError(error, correlationId);
    }
  };
}

async function load({ settings, identity, capabilities, system }: BearerParts): Promise<MsalNodeClient> {
  let msalNode: MsalNode;
  try {
    msalNode = (await import(/* webpackIgnore: true */ /* @vite-ignore */ PACKAGE_NAME)) as MsalNode;
  } catch (error) {
    throw new ManagedIdentityError('bearer_requires_msal_node', {
      message: `A bearer token was asked for and ${PACKAGE_NAME} cannot be loaded (${summarizeForeignError(error)}).`,
      remediation: `Run: npm install ${PACKAGE_NAME} (or set ProtocolScheme to MTLS_POP to get a bound token).`,
    });
  }
  const { clientId, authority, audience } = settings;
  const { host, hostname } = new URL(authority);
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1';
  const { loggerOptions, networkClient } = system ?? {};
  return new msalNode.ConfidentialClientApplication({
    auth: {
      clientId,
      authority,
      clientAssertion: async () => (await identity.acquireToken({ resource: audience })).accessToken,
      ...(capabilities.length > 0 && { clientCapabilities: [...capabilities] }),
      ...(isLocal && { knownAuthorities: [host] }),
    },
    system: { ...(loggerOptions && { loggerOptions }), ...(networkClient && { networkClient }) },
  });
}

function toManagedIdentityError(error: unknown, correlationId: string | undefined): ManagedIdentityError {
  const { errorCode, errorMessage, subError } = error as Record<'errorCode' | 'errorMessage' | 'subError', unknown>;
  const id = correlationId === undefined ? {} : { correlationId };
  if (typeof errorCode !== 'string') {
    const message = `The bearer request failed (${summarizeForeignError(error)}).`;
    return new ManagedIdentityError('token_request_failed', { ...id, message });
  }
  return new ManagedIdentityError(errorCode, {
    ...id,
    message: redact(typeof errorMessage === 'string' ? errorMessage : ''),
    subError: typeof subError === 'string' ? redact(subError) : '',
  });
}
