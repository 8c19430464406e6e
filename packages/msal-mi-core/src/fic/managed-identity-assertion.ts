/** The first leg: a token of the managed identity, bound to its certificate, that serves an application as assertion. */
import type { ManagedIdentityApplication } from '../client.js';
import { REPLACE_BINDING } from '../mtls-fetch/application-members.js';
import { ManagedIdentityError } from '../errors.js';
import {
  invalidRequest,
  isResource,
  parseFlag,
  parseOptions,
  parseNamedStrength,
  readable,
  readMembers,
} from '../options/options.js';
import { refuseIdentityLookAlikes, spellingOf } from '../options/identity-members.js';
import type { MtlsBindingStrength, MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';
import type { BoundClientAssertionCallback, BoundClientAssertionContext } from './client-assertion.js';

/** Options of {@link createManagedIdentityAssertion}. Unknown members are refused. */
export interface ManagedIdentityAssertionOptions {
  /**
   * Audience of the assertion. Default: `api://AzureADTokenExchange`, the public cloud's; other clouds have their own, such
   * as `api://AzureADTokenExchangeUSGov` and `api://AzureADTokenExchangeChina`.
   */
  audience?: string;
  /** As for `acquireToken`. Default: false. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. */
  minStrength?: MtlsBindingStrength;
}

/** Assertions that are bound to a certificate are of this type. */
export const JWT_POP = 'urn:ietf:params:oauth:client-assertion-type:jwt-pop';
/** Of the public cloud. */
export const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';
const CONTEXT_NAMES = ['correlationId', 'signal', 'refused'] as const;
const OPTION_NAMES = new Set(['audience', 'withAttestationSupport', 'minStrength']);

/**
 * Lets an application authenticate as itself on behalf of a managed identity (federated identity credential), with
 * assertions that are bound to the identity's certificate.
 *
 * Calling the result is cheap: the managed identity keeps its token. When the token endpoint refused an assertion a new
 * one is acquired, and when it refused the certificate a new certificate is.
 *
 * @param app - The managed identity that the application's federated credential names.
 * @param options - Audience and strength of the assertion. Default: public cloud, KeyGuard, no attestation.
 * @returns A callback for `BoundConfidentialClient`. It rejects with whatever `acquireToken` of `app` rejects with.
 * @throws ManagedIdentityError `invalid_request`, `invalid_resource`.
 */
export function createManagedIdentityAssertion(
  app: ManagedIdentityApplication,
  options: ManagedIdentityAssertionOptions = {},
): BoundClientAssertionCallback {
  const acquireToken: unknown = readable(
    invalidRequest,
    () => (app as { acquireToken?: unknown } | null)?.acquireToken,
  );
  if (typeof acquireToken !== 'function') {
    throw invalidRequest(
      `createManagedIdentityAssertion needs a ManagedIdentityApplication, which names the identity. ${spellingOf('')}`,
    );
  }
  readable(invalidRequest, () => {
    refuseIdentityLookAlikes('createManagedIdentityAssertion', options, OPTION_NAMES, invalidRequest);
  });
  const parsed = parseOptions('createManagedIdentityAssertion', options, OPTION_NAMES);
  const { audience = TOKEN_EXCHANGE_AUDIENCE } = parsed;
  if (typeof audience !== 'string' || !isResource(audience.trim())) throw new ManagedIdentityError('invalid_resource');
  const minStrength = parseNamedStrength(parsed['minStrength']);
  const fixed: MtlsPopRequestParams = {
    resource: audience,
    mtlsProofOfPossession: true,
    withAttestationSupport: parseFlag('withAttestationSupport', parsed['withAttestationSupport']),
    ...(minStrength !== undefined && { minStrength }),
  };
  return async (context) => {
    const members = readMembers(Object(context) as object, CONTEXT_NAMES, invalidRequest);
    const { accessToken, binding } = await acquire(app, fixed, members as Partial<BoundClientAssertionContext>);
    return Object.freeze({ assertion: accessToken, assertionType: JWT_POP, binding });
  };
}

/** The claims and capabilities of the context are the application's: the managed identity is not asked for them. */
function acquire(
  app: ManagedIdentityApplication,
  fixed: MtlsPopRequestParams,
  { correlationId, signal, refused }: Partial<BoundClientAssertionContext>,
): Promise<MtlsPopAuthenticationResult> {
  const request: MtlsPopRequestParams = {
    ...fixed,
    ...(correlationId !== undefined && { correlationId }),
    ...(signal !== undefined && { signal }),
  };
  if (refused === undefined) return app.acquireToken(request);
  if (refused.part === 'certificate') return app[REPLACE_BINDING](request, refused.binding);
  return app.acquireToken({ ...request, forceRefresh: true });
}
