import { SingleFlight } from '../cache/single-flight.js';
import { processSurroundings, type Surroundings } from '../client.js';
import { parseConfiguration } from '../config.js';
import { createLogger } from '../diagnostics/logger.js';
import { REPLACE_BINDING } from '../downstream/replace-binding.js';
import { ManagedIdentityError } from '../errors.js';
import type { Binding } from '../model.js';
import type { MtlsChannel } from '../ports.js';
import { createHttpTransport } from '../transport/http.js';
import { createNetworkModuleTransport } from '../transport/network-module.js';
import type {
  AuthenticationResult,
  ManagedIdentityConfiguration,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
} from '../types.js';
import { acquireByAssertion, type AssertedClient } from './acquire-by-assertion.js';
import type { AssertionPair, BoundClientAssertionCallback } from './client-assertion.js';
import { parseClientCredentialRequest, type ClientCredentialParams } from './client-credential-request.js';
import { parseMtlsAuthority } from './mtls-authority.js';
import { detectRegion } from './region.js';

/** Configuration of {@link BoundConfidentialClient}. */
export interface BoundConfidentialClientConfiguration {
  auth: {
    /** The application, not the managed identity: that one cannot exchange its own assertion. */
    clientId: string;
    /**
     * `https://login.<cloud>/<tenant>`; requests go to the `mtlsauth` host of that cloud. An authority on a loopback
     * host (`https://localhost:<port>/<tenant>`) is used as it is.
     */
    authority: string;
    /** Usually from `createManagedIdentityAssertion`. */
    clientAssertion: BoundClientAssertionCallback;
    /** Capabilities such as `"cp1"`, sent as `xms_cc` in the claims parameter. Default: none. */
    clientCapabilities?: string[];
  };
  /**
   * As for ManagedIdentityApplication. `timeout` covers both legs. Without `ca` the connections are those of the binding,
   * which trust what the application that made it trusts.
   */
  system?: ManagedIdentityConfiguration['system'];
}

/**
 * Acquires tokens for an application whose credential is a managed identity (federated identity credential). The
 * assertion of the identity and the certificate it is bound to are presented together, so that neither is of use to
 * anybody else.
 *
 * Instances are cheap. Those of one process share tokens, but never a transport, a logger, a retry setting or a deadline.
 */
export class BoundConfidentialClient {
  readonly #client: AssertedClient;

  /**
   * @throws ManagedIdentityError `invalid_configuration`; MsiV2Error `missing_tenanted_authority` for `/common` and
   *   `/organizations`, and `mtls_pop_not_supported_for_environment` for authorities without an `mtlsauth` host.
   */
  constructor(configuration: BoundConfidentialClientConfiguration);
  /** @internal */
  constructor(configuration: Readonly<BoundConfidentialClientConfiguration>, surroundings: Surroundings);
  constructor(configuration: BoundConfidentialClientConfiguration, surroundings?: Surroundings) {
    this.#client = composeClient(configuration, surroundings ?? processSurroundings());
  }

  /**
   * Acquires a token that is bound to the certificate of the assertion.
   *
   * Tokens are kept per certificate: when the managed identity gets a new one, a new token is acquired with it. When the
   * token endpoint refuses the assertion or the certificate, another one is asked for, once.
   *
   * @throws MsiV2Error `mtls_certificate_not_provided` and `invalid_client_assertion` when the callback returned nothing
   *   usable, before any request; `invalid_scope`; and the codes of `acquireToken` with `stage: 'token'`. What the
   *   callback rejects with, and the reason of `signal`, are thrown as they are.
   */
  acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession: true },
  ): Promise<MtlsPopAuthenticationResult>;
  /**
   * Acquires a bearer token. The client authenticates with assertion and certificate all the same, but whoever holds the
   * token can use it. It too is kept per certificate.
   */
  acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession?: false },
  ): Promise<AuthenticationResult>;
  async acquireTokenByClientCredential(
    request: ClientCredentialParams & { mtlsProofOfPossession?: boolean },
  ): Promise<AuthenticationResult> {
    return acquireByAssertion(parseClientCredentialRequest(request), this.#client);
  }

  /** @internal */
  async [REPLACE_BINDING](
    request: ClientCredentialParams & { mtlsProofOfPossession: true },
    refused: MtlsBindingContext,
  ): Promise<MtlsPopAuthenticationResult> {
    const parsed = parseClientCredentialRequest(request);
    const result = await acquireByAssertion(parsed, this.#client, { binding: refused, part: 'certificate' });
    return result as MtlsPopAuthenticationResult;
  }
}

function composeClient(configuration: unknown, { state, platform, clock }: Surroundings): AssertedClient {
  const { auth, system } = parseParts(configuration);
  const { clientId, clientAssertion } = auth;
  if (typeof clientId !== 'string' || clientId.trim() === '')
    throw invalid('auth.clientId must be a non-blank string.');
  if (typeof clientAssertion !== 'function') throw invalid('auth.clientAssertion must be a function.');
  const authority = parseMtlsAuthority(auth['authority']);
  const parsed = parseConfiguration({
    clientCapabilities: auth['clientCapabilities'],
    system,
  } as ManagedIdentityConfiguration);
  const { trustedAuthorities, networkClient, imdsBase, environment } = parsed;

  const transport = trustedAuthorities.length === 0 ? undefined : platform.createTransport(trustedAuthorities);
  const channels = new WeakMap<Binding, MtlsChannel>();
  const ownChannel = ({ binding, channel }: AssertionPair): MtlsChannel => {
    if (transport === undefined) return channel;
    let own = channels.get(binding);
    if (own === undefined) {
      own = transport.bind(binding.key, binding.certificateDer);
      channels.set(binding, own);
    }
    return own;
  };
  let region: Promise<string | undefined> | undefined;
  const findRegion = () => {
    const http =
      networkClient === undefined
        ? createHttpTransport(trustedAuthorities)
        : createNetworkModuleTransport(networkClient);
    return detectRegion({ regionName: environment.regionName, imdsBase, http });
  };
  return {
    clientId: clientId.trim(),
    authority,
    clientCapabilities: parsed.clientCapabilities,
    clientAssertion: clientAssertion as BoundClientAssertionCallback,
    state,
    flights: new SingleFlight(),
    clock,
    log: createLogger(parsed.loggerOptions),
    retriesEnabled: parsed.retriesEnabled,
    timeoutMs: parsed.timeoutMs,
    detectRegion: () => (region ??= findRegion()),
    channelOf: ownChannel,
  };
}

function parseParts(configuration: unknown): { auth: Readonly<Record<string, unknown>>; system: unknown } {
  const { auth, system } = (configuration ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof auth !== 'object' || auth === null) {
    throw invalid('auth must be an object with clientId, authority and clientAssertion.');
  }
  return { auth: auth as Readonly<Record<string, unknown>>, system };
}

function invalid(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_configuration', { message });
}
