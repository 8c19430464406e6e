/** Composition root: configuration and ports in, one delegating class out. */
import { discoverAttestationProvider, probeAttestation } from './attestation/discover.js';
import { processState, type SharedState } from './cache/shared-state.js';
import { withDeadline } from './time/cancellation.js';
import { systemClock } from './time/clock.js';
import { parseConfiguration, readExtraAuthorities, readProxyEnvironment, type Configuration } from './config.js';
import { createBindingContext } from './downstream/binding-context.js';
import { REPLACE_BINDING } from './downstream/replace-binding.js';
import { TRUSTED_AUTHORITIES } from './downstream/trusted-authorities.js';
import { ManagedIdentityError } from './errors.js';
import { createCorrelationId } from './diagnostics/correlation-id.js';
import { createLogger } from './diagnostics/logger.js';
import { NO_CERTIFICATE_STORE } from './platform/no-certificate-store.js';
import { createSoftwarePlatform } from './platform/software/index.js';
import { authoritiesOf } from './platform/software/mtls-transport.js';
import { createWin32Platform } from './platform/win32/index.js';
import type { Clock, Platform } from './ports.js';
import { acquireToken, replaceAndAcquireToken } from './request/acquire-token.js';
import { createFlow, type Flow } from './request/flow.js';
import { isBoundRequest, parseRequest } from './request/parse-request.js';
import type { RequestOptions } from './request-options.js';
import { createBearerDelegate } from './source/bearer-delegate.js';
import { discoverSource, knownSource } from './source/capabilities.js';
import { environmentSource } from './source/select-source.js';
import { createHttpTransport } from './transport/http.js';
import { createNetworkModuleTransport } from './transport/network-module.js';
import {
  ManagedIdentitySourceNames,
  type AuthenticationResult,
  type ManagedIdentityCapabilities,
  type ManagedIdentityConfiguration,
  type ManagedIdentityRequestParams,
  type MtlsBindingContext,
  type MtlsPopAuthenticationResult,
  type MtlsPopRequestParams,
} from './types.js';

/** What an application works with besides its configuration. */
export interface Surroundings {
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
}

/**
 * Acquires tokens for the managed identity of this host.
 *
 * With `mtlsProofOfPossession: true` the token is bound to a certificate and its private key: it works only over TLS
 * connections made with that key (RFC 8705). Otherwise the request is passed on to `@azure/msal-node`.
 *
 * Instances are cheap. Those of one process share tokens, certificates and work in flight, but never a transport, a
 * logger, a retry setting or a deadline.
 */
export class ManagedIdentityApplication {
  readonly #flow: Flow;
  readonly #acquireBearer: ReturnType<typeof createBearerDelegate>;

  /**
   * @param configuration - A configuration of msal-node is accepted as it is. Unknown members are ignored.
   * @throws ManagedIdentityError `invalid_configuration`, `invalid_managed_identity_id_type`, or
   *   `invalid_managed_identity_endpoint` when AZURE_POD_IDENTITY_AUTHORITY_HOST is not an http(s) URL.
   */
  constructor(configuration?: ManagedIdentityConfiguration);
  /** @internal */
  constructor(configuration: ManagedIdentityConfiguration | undefined, surroundings: Surroundings);
  constructor(configuration?: ManagedIdentityConfiguration, surroundings?: Surroundings) {
    const parsed = parseConfiguration(configuration);
    this.#flow = composeFlow(parsed, surroundings ?? processSurroundings());
    this.#acquireBearer = createBearerDelegate(parsed.original);
  }

  /**
   * Acquires a certificate-bound token: from the cache, or by the seven steps of the flow. Never returns a bearer
   * token, a token of IMDS v1, or one whose key is weaker than `minStrength`.
   *
   * @throws MsiV2Error with `stage`, `retryable` and `remediation`; the codes are listed in docs/errors.md. Option errors
   *   come before any I/O. When `signal` is aborted, its reason is thrown as it is.
   */
  acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult>;
  /**
   * Acquires a bearer token through `@azure/msal-node`.
   *
   * @throws ManagedIdentityError `bearer_requires_msal_node` when that package is not installed, else its errors' codes.
   */
  acquireToken(
    request: ManagedIdentityRequestParams & { mtlsProofOfPossession?: false },
  ): Promise<AuthenticationResult>;
  async acquireToken(
    request: MtlsPopRequestParams | (ManagedIdentityRequestParams & { mtlsProofOfPossession?: false }),
  ): Promise<AuthenticationResult> {
    const options: unknown = request;
    return isBoundRequest(options)
      ? acquireToken(parseRequest(options), this.#flow)
      : this.#bearer(parseRequest(options as RequestOptions));
  }

  /**
   * The source that tokens come from, as far as it is known without asking: `DefaultToImds` until
   * {@link ManagedIdentityApplication.getManagedIdentityCapabilities} has found out.
   */
  getManagedIdentitySource(): ManagedIdentitySourceNames {
    const { configuration, state, clock } = this.#flow;
    return (
      environmentSource(configuration.environment) ??
      knownSource(state.discovered, configuration.imdsBase, clock)?.capabilities.source ??
      ManagedIdentitySourceNames.DEFAULT_TO_IMDS
    );
  }

  /**
   * What this host can do. Probes IMDS once per process; creates no key and asks for no token.
   *
   * @param options.refresh - True probes again. Default: false.
   * @throws The reason of `signal`. A host without any source is not an error: see `errorReason`.
   */
  async getManagedIdentityCapabilities(
    options: { signal?: AbortSignal; refresh?: boolean } = {},
  ): Promise<ManagedIdentityCapabilities> {
    const { configuration, state, clock, imds, platform, flightOwner } = this.#flow;
    const correlationId = createCorrelationId();
    const timeoutMs = configuration.timeoutMs;
    const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId, stage: 'metadata' });
    const found = await withDeadline({ clock, timeoutMs, signal: options.signal, onTimeout }, (signal) =>
      discoverSource({
        environment: configuration.environment,
        imds,
        clock,
        keyStore: platform.keyStore,
        discovered: state.discovered,
        flights: state.flights,
        flightOwner,
        refresh: options.refresh ?? false,
        correlationId,
        signal,
      }),
    );
    return Object.freeze({ ...found, attestation: await probeAttestation(configuration.attestationProvider) });
  }

  /** Forgets the tokens and certificates of this identity that are kept in memory, for all instances of the process. */
  clearCache(): void {
    const { owner, state } = this.#flow;
    const isOwn = (key: string) => key.startsWith(owner);
    state.tokens.deleteWhere(isOwn);
    state.bindings.deleteWhere(isOwn);
  }

  /** @internal */
  get [TRUSTED_AUTHORITIES](): readonly string[] | undefined {
    return authoritiesOf({ trustedAuthorities: this.#flow.configuration.trustedAuthorities, readExtraAuthorities });
  }

  /** @internal */
  async [REPLACE_BINDING](
    request: MtlsPopRequestParams,
    refused: MtlsBindingContext,
  ): Promise<MtlsPopAuthenticationResult> {
    const binding = this.#flow.bindingOf(refused);
    if (binding === undefined) return this.acquireToken(request);
    return replaceAndAcquireToken(parseRequest({ ...request }), binding, this.#flow);
  }

  async #bearer(request: ReturnType<typeof parseRequest>): Promise<AuthenticationResult> {
    const { configuration, state, clock } = this.#flow;
    const { correlationId, signal } = request;
    signal?.throwIfAborted();
    const known = knownSource(state.discovered, configuration.imdsBase, clock);
    if (known !== undefined && known.imdsVersion === undefined && this.getManagedIdentitySource() === 'None') {
      throw new ManagedIdentityError('managed_identity_all_sources_unavailable', { correlationId });
    }
    const timeoutMs = configuration.timeoutMs;
    const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId });
    return withDeadline({ clock, timeoutMs, signal, onTimeout }, (bounded) =>
      this.#acquireBearer({ ...request, signal: bounded }),
    );
  }
}

/** What all applications of this process share. */
export function processSurroundings(): Surroundings {
  const state = processState();
  state.platform ??= createPlatform();
  return { state, platform: state.platform, clock: systemClock };
}

function createPlatform(): Platform {
  const software = createSoftwarePlatform(readExtraAuthorities);
  return process.platform === 'win32' ? createWin32Platform({ software, readProxyEnvironment }) : software;
}

function composeFlow(configuration: Configuration, { state, platform: offered, clock }: Surroundings): Flow {
  const platform = configuration.persistCertificates ? offered : { ...offered, certificateStore: NO_CERTIFICATE_STORE };
  const { networkClient, trustedAuthorities, attestationProvider } = configuration;
  return createFlow({
    configuration,
    state,
    platform,
    clock,
    log: createLogger(configuration.loggerOptions),
    http:
      networkClient === undefined
        ? createHttpTransport(trustedAuthorities)
        : createNetworkModuleTransport(networkClient),
    transport: platform.createTransport(trustedAuthorities),
    findAttestationProvider: () => discoverAttestationProvider(attestationProvider),
    createContext: createBindingContext,
  });
}
