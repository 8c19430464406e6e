import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/core-auth';
import type { HttpClient, PipelinePolicy } from '@azure/core-rest-pipeline';
import { createHostCheck, type HostCheck } from '../mtls-fetch/allowed-hosts.js';
import { MsiV2Error } from '../errors.js';
import { invalidRequest, readable, readMembers } from '../options/options.js';
import type { AuthenticationResult } from '../public-types.js';
import { BoundTokens, withCae } from './bound-tokens.js';
import {
  parseCredentialOptions,
  type CredentialSettings,
  type MtlsManagedIdentityCredentialOptions,
} from './credential-options.js';
import { BEARER_ONLY_CLIENT } from './bearer-only-client.js';
import { createBoundHttpClient } from './http-client.js';
import { followAbort } from './follow-abort.js';
import { rememberCredential } from './own-credentials.js';
import { unavailableOr } from './unavailable.js';
import { refuseUnsupportedScope } from './unsupported-client.js';

/**
 * A transport that fits wherever a client takes one: storage clients declare the shape of the SDK's older HTTP library, whose
 * requests it takes and whose answers it gives as well.
 */
export interface BoundHttpClient extends HttpClient {
  /** Takes a request in either shape, and answers in the same. Rejects as `httpClient` of the credential says. */
  sendRequest: HttpClient['sendRequest'] & (<Answer>(request: object) => Promise<Answer>);
}

/**
 * A credential for Azure SDK clients whose tokens are bound to a certificate. The SDK knows bearer tokens only, so the
 * client must also use {@link MtlsManagedIdentityCredential.httpClient}: see {@link withMtlsPop}.
 *
 * With `requestOverMtls: true` its tokens are bearer tokens, and its clients are made as with any other credential.
 */
export class MtlsManagedIdentityCredential implements TokenCredential {
  /**
   * Sends each request over the certificate that its own token is bound to, as `Authorization: mtls_pop`, to the hosts that
   * may receive it (`host_not_allowed` otherwise). A request without Authorization (Key Vault's first one, which asks for a
   * challenge) goes without a certificate; one whose token is not of this credential fails with `token_not_bound`. Answers a
   * claims challenge once. Follows no redirect and repeats nothing else: the pipeline above does, within the origin; a
   * redirect to another one is answered without its Location. Also takes requests in the older shape that storage clients
   * use. With `requestOverMtls` it sends nothing: `invalid_request`.
   */
  readonly httpClient: BoundHttpClient;
  /**
   * The same for clients that have a pipeline and no `httpClient` option: add it with position `perRetry`, so that it
   * sees the Authorization header. With `requestOverMtls` it sends nothing: `invalid_request`.
   */
  readonly policy: PipelinePolicy;
  readonly #settings: CredentialSettings;
  readonly #tokens = new BoundTokens();
  readonly #hostChecks = new Map<string, HostCheck>();

  /**
   * @param options - Which identity, and how its keys may be kept. Default: the system-assigned one, KeyGuard, no attestation.
   * @throws ManagedIdentityError `invalid_request` for unknown options, for `application` next to configuration, and for
   *   options that would mean nothing next to `requestOverMtls` or to a BoundConfidentialClient;
   *   `invalid_managed_identity_id_type` for members that only look as if they chose an identity (`clientId`); and what the
   *   constructor of ManagedIdentityApplication throws.
   */
  constructor(options: MtlsManagedIdentityCredentialOptions = {}) {
    this.#settings = parseCredentialOptions(options);
    const { application, isBearer } = this.#settings;
    const httpClient = isBearer ? BEARER_ONLY_CLIENT : createBoundHttpClient(application, this.#tokens);
    this.httpClient = httpClient as BoundHttpClient;
    this.policy = {
      name: 'mtlsPopPolicy',
      sendRequest: (request, next) =>
        isBearer || request.headers.has('authorization') ? httpClient.sendRequest(request) : next(request),
    };
    rememberCredential(this, isBearer ? 'bearer' : 'bound');
  }

  /**
   * What the SDK calls to get a token for one resource.
   *
   * `token` is not the token but stands for it: only the transport of this credential can send it, and every other HTTP
   * client fails to, because it is not a possible value of a header. For the token itself call `acquireToken` of the
   * application. With `requestOverMtls` it is the token. `refreshAfterTimestamp` is set when the service named a time.
   *
   * @param scopes - One scope, such as `https://vault.azure.net/.default`.
   * @param options - What the SDK wants besides.
   * @param options.enableCae - True asks for a token whose holder answers claims challenges (`cp1`).
   * @param options.tenantId - When it names another tenant than the identity's, there is no such token.
   * @throws MsiV2Error `invalid_request` for several scopes, another tenant, and a scope that names no host when there are no
   *   `allowedHosts`; `client_not_supported` for clients that cannot send bound tokens, such as those over AMQP; else as
   *   `acquireToken`. An error with the name `CredentialUnavailableError` when this host has no managed identity, so that a
   *   chain goes on; an `AbortError` when `options.abortSignal` is aborted.
   */
  async getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    const resource = scopeOf(scopes);
    const { requirements, isBearer } = this.#settings;
    if (!isBearer) refuseUnsupportedScope(resource, options !== undefined);
    const { enableCae, claims, tenantId, abortSignal, requestOptions } = readMembers(
      Object(options ?? {}) as object,
      TOKEN_OPTION_NAMES,
      invalidRequest,
    ) as Omit<GetTokenOptions, 'tenantId'> & { readonly tenantId?: unknown };
    if (tenantId !== undefined && typeof tenantId !== 'string') throw invalidRequest('tenantId must be a string.');
    const checkHost = isBearer ? undefined : this.#hostCheckOf(resource);
    const application = enableCae === true ? withCae(this.#settings.application) : this.#settings.application;
    const timeoutMs = readable(invalidRequest, () => requestOptions?.timeout);
    const abort = followAbort(abortSignal, timeoutMs);
    const demand = { resource, ...requirements, ...(claims !== undefined && { claims }), signal: abort.signal };
    try {
      if (checkHost === undefined) {
        const result = await application.acquireToken({ ...demand, requestOverMtls: true });
        return toAccessToken(result, result.accessToken, tenantId);
      }
      const request = { ...demand, mtlsProofOfPossession: true as const };
      const result = await application.acquireToken(request);
      return toAccessToken(result, this.#tokens.remember(result, { request, application, checkHost }), tenantId);
    } catch (error) {
      throw unavailableOr(error, this.#settings.isSystemAssigned);
    } finally {
      abort.release();
    }
  }

  #hostCheckOf(resource: string): HostCheck {
    const known = this.#hostChecks.get(resource);
    if (known !== undefined) return known;
    const check = createHostCheck(resource, this.#settings.allowedHosts);
    this.#hostChecks.set(resource, check);
    return check;
  }
}

const TOKEN_OPTION_NAMES = ['enableCae', 'claims', 'tenantId', 'abortSignal', 'requestOptions'];

function scopeOf(scopes: unknown): string {
  const [scope, ...others] = readable(invalidRequest, () =>
    Array.isArray(scopes) ? [...(scopes as unknown[])] : [scopes],
  );
  if (typeof scope === 'string' && others.length === 0) return scope;
  throw new MsiV2Error('invalid_request', { message: 'A managed identity has tokens for one scope at a time.' });
}

const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

function toAccessToken(result: AuthenticationResult, token: string, wantedTenant: string | undefined): AccessToken {
  assertTenant(result, wantedTenant);
  const { expiresOn, refreshOn } = result;
  return {
    token,
    expiresOnTimestamp: expiresOn?.getTime() ?? 0,
    ...(refreshOn !== undefined && { refreshAfterTimestamp: refreshOn.getTime() }),
  };
}

function assertTenant({ tenantId, correlationId }: AuthenticationResult, wanted: string | undefined): void {
  if (wanted === undefined || !GUID.test(wanted) || wanted.toLowerCase() === tenantId.toLowerCase()) return;
  throw new MsiV2Error('invalid_request', {
    correlationId,
    stage: 'resource',
    message: `The resource belongs to tenant ${wanted} and the token is of tenant ${tenantId}.`,
    remediation: 'Use a resource of the same tenant, or federated credentials of an application in the other one.',
  });
}
