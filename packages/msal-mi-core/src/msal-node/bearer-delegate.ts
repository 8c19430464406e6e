/** Bearer requests are msal-node's work: its sources are not written again here (D5). */
import { abortable } from '../time/cancellation.js';
import { ManagedIdentityError, addCorrelationId, isMsalMiError } from '../errors.js';
import { redact, summarizeForeignError } from '../secret.js';
import type { AuthenticationResult, ManagedIdentityConfiguration } from '../public-types.js';

/** What is used of msal-node's ManagedIdentityApplication. */
interface MsalNodeApplication {
  acquireToken(request: { resource: string; claims?: string; forceRefresh?: boolean }): Promise<AuthenticationResult>;
}
interface MsalNode {
  ManagedIdentityApplication: new (configuration: object) => MsalNodeApplication;
}

export interface BearerRequest {
  readonly resource: string;
  readonly claims: string | undefined;
  readonly forceRefresh: boolean;
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
}

// Not a literal in the import(): bundlers would fail the build of every application that does not have the package.
const PACKAGE_NAME: string = '@azure/msal-node';
const importPackage = (): Promise<unknown> => import(/* webpackIgnore: true */ /* @vite-ignore */ PACKAGE_NAME);

/**
 * Loads msal-node on the first request and keeps one application of it.
 *
 * @param importMsalNode - Replaced in tests only.
 */
export function createBearerDelegate(configuration: ManagedIdentityConfiguration, importMsalNode = importPackage) {
  let application: Promise<MsalNodeApplication> | undefined;
  return async (request: BearerRequest): Promise<AuthenticationResult> => {
    application ??= load(configuration, importMsalNode).catch((error: unknown) => {
      application = undefined;
      throw error;
    });
    const { resource, claims, forceRefresh, signal } = request;
    try {
      const delegate = await application;
      const acquiring = delegate.acquireToken({ resource, forceRefresh, ...(claims !== undefined && { claims }) });
      return await abortable(acquiring, signal);
    } catch (error) {
      signal?.throwIfAborted();
      addCorrelationId(error, request.correlationId);
      throw isMsalMiError(error) ? error : toManagedIdentityError(error, request.correlationId);
    }
  };
}

async function load(
  configuration: ManagedIdentityConfiguration,
  importMsalNode: () => Promise<unknown>,
): Promise<MsalNodeApplication> {
  let msalNode: MsalNode;
  try {
    msalNode = (await importMsalNode()) as MsalNode;
  } catch (error) {
    throw new ManagedIdentityError('bearer_requires_msal_node', {
      message: `A bearer token was asked for and ${PACKAGE_NAME} cannot be loaded (${summarizeForeignError(error)}).`,
      remediation: `Run: npm install ${PACKAGE_NAME} (or set mtlsProofOfPossession: true to get a bound token).`,
    });
  }
  const { managedIdentityIdParams, clientCapabilities, system } = configuration;
  const { loggerOptions, networkClient, disableInternalRetries } = system ?? {};
  return new msalNode.ManagedIdentityApplication({
    ...(managedIdentityIdParams && { managedIdentityIdParams }),
    ...(clientCapabilities && { clientCapabilities }),
    system: {
      ...(loggerOptions && { loggerOptions }),
      ...(networkClient && { networkClient }),
      ...(disableInternalRetries !== undefined && { disableInternalRetries }),
    },
  });
}

function toManagedIdentityError(error: unknown, correlationId: string): ManagedIdentityError {
  const { errorCode, errorMessage, subError } = error as Record<'errorCode' | 'errorMessage' | 'subError', unknown>;
  if (typeof errorCode !== 'string') {
    return new ManagedIdentityError('managed_identity_request_failed', {
      correlationId,
      message: `The bearer request failed (${summarizeForeignError(error)}).`,
    });
  }
  return new ManagedIdentityError(errorCode, {
    correlationId,
    message: redact(typeof errorMessage === 'string' ? errorMessage : ''),
    subError: typeof subError === 'string' ? redact(subError) : '',
  });
}
