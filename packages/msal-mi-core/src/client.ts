/** The public class. What does its work is loaded with the first call, so that importing this library stays cheap. */
import { discoveryKey, existingState, outsideOfRequests } from './cache/process-state.js';
import type { SharedState } from './cache/shared-state.js';
import type { ComposedApplication, Surroundings } from './composition.js';
import { parseConfiguration, type Configuration } from './config.js';
import {
  CALL_SURROUNDINGS,
  REPLACE_BINDING,
  REPLACEMENT_ACCEPTED,
  TRUSTED_AUTHORITIES,
  WITH_CAPABILITY,
  type CallSurroundings,
} from './mtls-fetch/application-members.js';
import { environmentSource, knownSource } from './source/select-source.js';
import type {
  AuthenticationResult,
  ManagedIdentityCapabilities,
  ManagedIdentityConfiguration,
  ManagedIdentityRequestParams,
  MtlsBearerRequestParams,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from './public-types.js';
import { ManagedIdentitySourceNames } from './public-types/constants.js';

/**
 * Acquires tokens for the managed identity of this host.
 *
 * With `mtlsProofOfPossession: true` the token is bound to a certificate and its private key: it works only over TLS
 * connections made with that key (RFC 8705). Otherwise the request is passed on to `@azure/msal-node`.
 *
 * Instances are cheap. Those of one process share tokens, certificates and work in flight, but never a transport, a
 * logger, a retry setting or a deadline.
 *
 * @example
 * ```ts
 * import { ManagedIdentityApplication } from 'msal-mi-core';
 *
 * const app = new ManagedIdentityApplication({
 *   managedIdentityIdParams: { userAssignedClientId: '11111111-2222-3333-4444-555555555555' },
 * });
 * const result = await app.acquireToken({ resource: 'https://vault.azure.net', mtlsProofOfPossession: true });
 * ```
 */
export class ManagedIdentityApplication {
  #configuration: Configuration;
  readonly #surroundings: Surroundings | undefined;
  #composing: Promise<ComposedApplication> | undefined;
  #composed: ComposedApplication | undefined;
  readonly #withCapability = new Map<string, ManagedIdentityApplication>();

  /**
   * @param configuration - A configuration of msal-node is accepted as it is. Unknown members are ignored.
   * @throws ManagedIdentityError `invalid_configuration`, `invalid_managed_identity_id_type`, or
   *   `invalid_managed_identity_endpoint` when AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http(s) URL.
   */
  constructor(configuration?: ManagedIdentityConfiguration);
  /** @internal */
  constructor(configuration: ManagedIdentityConfiguration | undefined, surroundings: Surroundings);
  constructor(configuration?: ManagedIdentityConfiguration, surroundings?: Surroundings) {
    this.#configuration = parseConfiguration(configuration);
    this.#surroundings = surroundings;
  }

  /**
   * Acquires a certificate-bound token: from the cache, or by the seven steps of the flow. Never returns a bearer
   * token, a token of IMDS v1, or one whose key is weaker than `minStrength`.
   *
   * @param request - The resource, and `mtlsProofOfPossession: true`. Unknown members are refused.
   * @throws MsiV2Error with `stage`, `retryable` and `remediation`; the codes are those of `ErrorCode`. Option errors
   *   come before any I/O. When `signal` is aborted, its reason is thrown as it is.
   */
  acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult>;
  /**
   * Acquires a bearer token by the same steps: the certificate authenticates the identity, and the token is bound to
   * nothing. For resources that take no bound tokens. Kept, renewed and healed as a bound token is, and apart from it.
   *
   * @param request - The resource, and `requestOverMtls: true`. Unknown members are refused, and so is
   *   `mtlsProofOfPossession: true`.
   * @throws What a request for a bound token throws.
   */
  acquireToken(request: MtlsBearerRequestParams): Promise<
    AuthenticationResult & {
      /** The scheme of the `Authorization` header: the token goes without a certificate. */
      readonly tokenType: 'Bearer';
    }
  >;
  /**
   * Acquires a bearer token through `@azure/msal-node`.
   *
   * @param request - The resource. Unknown members are refused.
   * @throws ManagedIdentityError `bearer_requires_msal_node` when that package is not installed, else its errors' codes.
   */
  acquireToken(
    request: ManagedIdentityRequestParams & { mtlsProofOfPossession?: false; requestOverMtls?: false },
  ): Promise<AuthenticationResult>;
  async acquireToken(
    request:
      | MtlsPopRequestParams
      | MtlsBearerRequestParams
      | (ManagedIdentityRequestParams & { mtlsProofOfPossession?: false; requestOverMtls?: false }),
  ): Promise<AuthenticationResult> {
    const composed = this.#composed ?? (await this.#compose());
    return composed.acquireToken(request);
  }

  /**
   * The source that tokens come from, as far as it is known without asking: `DefaultToImds` until
   * {@link ManagedIdentityApplication.getManagedIdentityCapabilities} has found out.
   */
  getManagedIdentitySource(): ManagedIdentitySourceNames {
    const { environment } = this.#configuration;
    const state = this.#state();
    const nowMs = this.#surroundings?.clock.monotonicMs() ?? performance.now();
    const known = state && knownSource(state.discovered, discoveryKey(this.#configuration, state), nowMs);
    return environmentSource(environment) ?? known?.capabilities.source ?? ManagedIdentitySourceNames.DEFAULT_TO_IMDS;
  }

  /**
   * What this host can do. Probes IMDS once per process; creates no key and asks for no token.
   *
   * @param options - Both members are optional.
   * @param options.signal - Rejects the call at once with its reason.
   * @param options.refresh - True probes again. Default: false.
   * @throws The reason of `signal`, or ManagedIdentityError `invalid_request` for options that are not valid, before any I/O.
   *   A host without any source is not an error: see `errorReason`.
   */
  async getManagedIdentityCapabilities(
    options: { signal?: AbortSignal; refresh?: boolean } = {},
  ): Promise<ManagedIdentityCapabilities> {
    return (await this.#compose()).capabilities(options);
  }

  /** Forgets the tokens and certificates of this identity that are kept in memory, for all instances of the process. */
  clearCache(): void {
    const { imdsBase, identity } = this.#configuration;
    this.#state()?.forget(imdsBase, identity);
  }

  /** @internal */
  [WITH_CAPABILITY](capability: string): ManagedIdentityApplication {
    const { clientCapabilities } = this.#configuration;
    if (clientCapabilities.includes(capability)) return this;
    const known = this.#withCapability.get(capability);
    if (known !== undefined) return known;
    const derived =
      this.#surroundings === undefined
        ? new ManagedIdentityApplication()
        : new ManagedIdentityApplication(undefined, this.#surroundings);
    // What the environment said when the first one was made.
    derived.#configuration = Object.freeze({
      ...this.#configuration,
      clientCapabilities: Object.freeze([...clientCapabilities, capability]),
    });
    this.#withCapability.set(capability, derived);
    return derived;
  }

  /** @internal */
  async [TRUSTED_AUTHORITIES](): Promise<readonly string[] | undefined> {
    return (await this.#compose()).trustedAuthorities();
  }

  /** @internal */
  async [REPLACE_BINDING](
    request: MtlsPopRequestParams,
    refused: MtlsBindingContext,
  ): Promise<MtlsPopAuthenticationResult> {
    return (await this.#compose()).replaceBinding(request, refused);
  }

  /** @internal */
  [REPLACEMENT_ACCEPTED](refused: MtlsBindingContext, accepted: MtlsBindingContext): void {
    this.#composed?.acceptReplacement(refused, accepted);
  }

  /** @internal */
  [CALL_SURROUNDINGS](): CallSurroundings | undefined {
    const surroundings = this.#composed?.callSurroundings;
    if (surroundings === undefined || this.acquireToken === ownAcquireToken) return surroundings;
    const { clock, log } = surroundings; // Who puts a function of his own in its place wants to see every call.
    return { clock, log };
  }

  /** Undefined while nothing of this process has acquired anything. */
  #state(): SharedState | undefined {
    return this.#surroundings?.state ?? existingState();
  }

  #compose(): Promise<ComposedApplication> {
    this.#composing ??= compose(this.#configuration, this.#surroundings).then(
      (composed) => (this.#composed = composed),
    );
    return this.#composing;
  }
}

const ownAcquireToken: unknown = Reflect.get(ManagedIdentityApplication.prototype, 'acquireToken');

async function compose(
  configuration: Configuration,
  surroundings: Surroundings | undefined,
): Promise<ComposedApplication> {
  const { composeApplication, processSurroundings } = await outsideOfRequests(() => import('./composition.js'));
  return composeApplication(configuration, surroundings ?? (await processSurroundings()));
}
