import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth';
import type { HttpClient, PipelinePolicy } from '@azure/core-rest-pipeline';
import { invalidRequest, refusePollution } from '../options/bad-input.js';
import { MsiV2Error } from '../errors.js';
import { ManagedIdentityApplication } from '../index.js';
import type {
  ManagedIdentityConfiguration,
  MtlsBindingStrength,
  MtlsPopAuthenticationResult,
} from '../public-types.js';
import { BoundTokens } from './bound-tokens.js';
import { createBoundHttpClient } from './http-client.js';
import { followAbort } from './follow-abort.js';

const OWN_OPTION_NAMES = new Set(['application', 'withAttestationSupport', 'minStrength']);

/** Options of {@link MtlsManagedIdentityCredential}. */
export interface MtlsManagedIdentityCredentialOptions extends ManagedIdentityConfiguration {
  /** An application to use. Default: a new one with the configuration in these options. */
  application?: ManagedIdentityApplication;
  /** As for `acquireToken`. Default: false. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. */
  minStrength?: MtlsBindingStrength;
}

/**
 * A credential for Azure SDK clients whose tokens are bound to a certificate. The SDK knows bearer tokens only, so the
 * client must also use {@link MtlsManagedIdentityCredential.httpClient}: see {@link withMtlsPop}.
 */
export class MtlsManagedIdentityCredential implements TokenCredential {
  /**
   * Sends each request over the certificate that its own token is bound to, as `Authorization: mtls_pop`. A request
   * without Authorization (Key Vault's first one, which asks for a challenge) goes without a certificate; one whose
   * token is not of this credential fails with `token_not_bound`. Follows no redirect and repeats nothing: the
   * pipeline above does, within the origin; a redirect to another one is answered without its Location. Also takes
   * requests in the older shape that storage clients use.
   */
  readonly httpClient: HttpClient;
  /**
   * The same for clients that have a pipeline and no `httpClient` option: add it with position `perRetry`, so that it
   * sees the Authorization header.
   */
  readonly policy: PipelinePolicy;
  readonly #application: ManagedIdentityApplication;
  readonly #tokens: BoundTokens;
  readonly #requirements: { withAttestationSupport?: boolean; minStrength?: MtlsBindingStrength };

  /** @throws ManagedIdentityError `invalid_request`, and what the constructor of ManagedIdentityApplication throws. */
  constructor(options: MtlsManagedIdentityCredentialOptions = {}) {
    refusePollution(options, OWN_OPTION_NAMES, invalidRequest);
    const { application, withAttestationSupport, minStrength, ...configuration } = options;
    this.#application = application ?? new ManagedIdentityApplication(configuration);
    this.#requirements = {
      ...(withAttestationSupport !== undefined && { withAttestationSupport }),
      ...(minStrength !== undefined && { minStrength }),
    };
    this.#tokens = new BoundTokens(this.#application);
    const httpClient = createBoundHttpClient(this.#application, this.#tokens);
    this.httpClient = httpClient;
    this.policy = {
      name: 'mtlsPopPolicy',
      sendRequest: (request, next) =>
        request.headers.has('authorization') ? httpClient.sendRequest(request) : next(request),
    };
  }

  /**
   * A token for one resource. `refreshAfterTimestamp` is set when the service named a time.
   *
   * @param scopes - One scope, such as `https://vault.azure.net/.default`.
   * @param options.tenantId - When it names another tenant than the identity's, there is no such token.
   * @throws MsiV2Error `invalid_request` for several scopes or another tenant, else as `acquireToken`; an `AbortError`
   *   when `options.abortSignal` is aborted.
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const [resource, ...others] = typeof scopes === 'string' ? [scopes] : scopes;
    if (resource === undefined || others.length > 0) {
      throw new MsiV2Error('invalid_request', { message: 'A managed identity has tokens for one scope at a time.' });
    }
    const abort = followAbort(options.abortSignal, options.requestOptions?.timeout);
    try {
      const request = {
        resource,
        mtlsProofOfPossession: true as const,
        ...this.#requirements,
        ...(options.claims !== undefined && { claims: options.claims }),
        signal: abort.signal,
      };
      const result = await this.#application.acquireToken(request);
      assertTenant(result, options.tenantId);
      this.#tokens.remember(result, request);
      return {
        token: result.accessToken,
        expiresOnTimestamp: result.expiresOn.getTime(),
        ...(result.refreshOn !== undefined && { refreshAfterTimestamp: result.refreshOn.getTime() }),
      };
    } finally {
      abort.release();
    }
  }
}

/**
 * The options of a client, with the transport of the credential in place.
 *
 * @param options - Client options; everything but `httpClient` passes through.
 */
export function withMtlsPop<T extends object>(
  credential: MtlsManagedIdentityCredential,
  options?: T,
): T & { httpClient: HttpClient } {
  return { ...(options as T), httpClient: credential.httpClient };
}

const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function assertTenant({ tenantId, correlationId }: MtlsPopAuthenticationResult, wanted: string | undefined): void {
  if (wanted === undefined || !GUID.test(wanted) || wanted.toLowerCase() === tenantId.toLowerCase()) return;
  throw new MsiV2Error('invalid_request', {
    correlationId,
    stage: 'resource',
    message: `The resource belongs to tenant ${wanted} and the managed identity to tenant ${tenantId}.`,
    remediation: 'Use a resource of the same tenant, or federated credentials of an application in the other one.',
  });
}
