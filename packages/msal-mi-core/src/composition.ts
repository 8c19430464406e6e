/**
 * Composition root: configuration and ports in, what does an application's work out. Loaded with an application's first
 * call, and with it the whole flow (docs/architecture.md).
 */
import { discoverAttestationProvider, probeAttestation } from './attestation/discover.js';
import { processState, type SharedState } from './cache/shared-state.js';
import { readExtraAuthorities, readProxyEnvironment, type Configuration } from './config.js';
import { createCorrelationId } from './diagnostics/correlation-id.js';
import { createLogger } from './diagnostics/logger.js';
import { createBindingContext } from './binding/binding-context.js';
import { ManagedIdentityError } from './errors.js';
import type { UncheckedOptions } from './options/options.js';
import { NO_CERTIFICATE_STORE } from './platform/no-certificate-store.js';
import { hostPlatform } from './host-platform.js';
import { createSoftwarePlatform } from './platform/software/index.js';
import { authoritiesOf } from './platform/software/mtls-transport.js';
import type { Clock, HttpTransport, Platform } from './ports.js';
import { acquireToken, replaceAndAcquireToken } from './request/acquire-token.js';
import { Flow } from './request/flow.js';
import { isBoundRequest, parseCapabilityQuery, parseRequest } from './request/parse-request.js';
import { createBearerDelegate } from './msal-node/bearer-delegate.js';
import { discoverSource } from './source/capabilities.js';
import { environmentSource, knownSource } from './source/select-source.js';
import { withDeadline } from './time/cancellation.js';
import { systemClock } from './time/clock.js';
import { createHttpTransport } from './imds/http.js';
import { createNetworkModuleTransport } from './imds/network-module.js';
import type {
  AuthenticationResult,
  ManagedIdentityCapabilities,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from './public-types.js';

/** What an application works with besides its configuration. */
export interface Surroundings {
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
}

/** What all applications of this process share. */
export async function processSurroundings(): Promise<Surroundings> {
  const state = processState();
  const created = state.platform ?? (await createPlatform());
  // Another application, or the other build of this library, may have been faster: then its keys are the ones.
  state.platform ??= created;
  return { state, platform: state.platform, clock: systemClock };
}

async function createPlatform(): Promise<Platform> {
  const software = createSoftwarePlatform(readExtraAuthorities);
  if (hostPlatform() !== 'win32') return software;
  const { createWin32Platform } = await import('./platform/win32/index.js');
  return createWin32Platform({ software, readProxyEnvironment });
}

/** Plain HTTP as an application configured it. */
export function httpTransportOf({ networkClient, trustedAuthorities }: Configuration): HttpTransport {
  return networkClient === undefined
    ? createHttpTransport(trustedAuthorities)
    : createNetworkModuleTransport(networkClient);
}

/** The work of one application. */
export class ComposedApplication {
  readonly #flow: Flow;
  readonly #delegateBearer: ReturnType<typeof createBearerDelegate>;

  constructor(configuration: Configuration, surroundings: Surroundings) {
    this.#flow = composeFlow(configuration, surroundings);
    this.#delegateBearer = createBearerDelegate(configuration.original);
  }

  /** Throws for options that are not valid, before any I/O. */
  acquireToken(options: unknown): AuthenticationResult | Promise<AuthenticationResult> {
    return isBoundRequest(options)
      ? acquireToken(parseRequest(options), this.#flow)
      : this.#acquireBearer(options as UncheckedOptions);
  }

  /** A token under another certificate than that of `refused`, when it is one of this application's. */
  async replaceBinding(
    request: MtlsPopRequestParams,
    refused: MtlsBindingContext,
  ): Promise<MtlsPopAuthenticationResult> {
    const parsed = parseRequest({ ...request });
    const binding = this.#flow.bindingOf(refused);
    return binding === undefined
      ? acquireToken(parsed, this.#flow)
      : replaceAndAcquireToken(parsed, binding, this.#flow);
  }

  async #acquireBearer(options: UncheckedOptions): Promise<AuthenticationResult> {
    const request = parseRequest(options);
    // As it was given: the audience of a token of IMDS v1 keeps its slash, and msal-node decides about the rest.
    const resource = (options['resource'] as string).trim();
    const { configuration, state, clock } = this.#flow;
    const { correlationId, signal } = request;
    signal?.throwIfAborted();
    const known = knownSource(state.discovered, configuration.imdsBase, clock.now());
    const isKnownToBeNone = known !== undefined && known.imdsVersion === undefined;
    if (isKnownToBeNone && environmentSource(configuration.environment) === undefined) {
      const { errorReason } = known.capabilities;
      throw new ManagedIdentityError('managed_identity_all_sources_unavailable', {
        correlationId,
        ...(errorReason !== undefined && { message: errorReason }),
      });
    }
    const timeoutMs = configuration.timeoutMs;
    const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId });
    return withDeadline({ clock, timeoutMs, signal, onTimeout }, (bounded) =>
      this.#delegateBearer({ ...request, resource, signal: bounded }),
    );
  }

  /** Throws for options that are not valid, before any I/O. */
  async capabilities(options: unknown): Promise<ManagedIdentityCapabilities> {
    const { refresh, signal: callerSignal } = parseCapabilityQuery(options);
    const { configuration, state, clock, imds, platform, flightOwner } = this.#flow;
    const correlationId = createCorrelationId();
    const timeoutMs = configuration.timeoutMs;
    const onTimeout = () => new ManagedIdentityError('request_timeout', { correlationId, stage: 'metadata' });
    return withDeadline({ clock, timeoutMs, signal: callerSignal, onTimeout }, async (signal) => {
      const found = await discoverSource({
        environment: configuration.environment,
        imds,
        clock,
        keyStore: platform.keyStore,
        discovered: state.discovered,
        flights: state.flights,
        flightOwner,
        refresh,
        correlationId,
        signal,
      });
      return Object.freeze({ ...found, attestation: await probeAttestation(configuration.attestationProvider) });
    });
  }

  trustedAuthorities(): readonly string[] | undefined {
    return authoritiesOf({ trustedAuthorities: this.#flow.configuration.trustedAuthorities, readExtraAuthorities });
  }
}

function composeFlow(configuration: Configuration, { state, platform: offered, clock }: Surroundings): Flow {
  const platform = configuration.persistCertificates ? offered : { ...offered, certificateStore: NO_CERTIFICATE_STORE };
  const { trustedAuthorities, attestationProvider, unknownMembers } = configuration;
  const log = createLogger(configuration.loggerOptions);
  if (unknownMembers.length > 0) log.warning(`Ignored members of the configuration: ${unknownMembers.join(', ')}`);
  return new Flow({
    configuration,
    state,
    platform,
    clock,
    log,
    http: httpTransportOf(configuration),
    transport: platform.createTransport(trustedAuthorities),
    findAttestationProvider: () => discoverAttestationProvider(attestationProvider),
    createContext: createBindingContext,
  });
}
