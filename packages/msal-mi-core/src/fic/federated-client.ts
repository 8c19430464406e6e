/** An application with a federated credential as a client of the token service: its credential is an assertion pair. */
import { assertedFlightKey, assertedTokenKey, audienceKey } from '../cache/cache-key.js';
import type { SharedState } from '../cache/shared-state.js';
import { SingleFlight } from '../cache/single-flight.js';
import type { Call, Runtime } from '../call.js';
import type { Configuration } from '../config.js';
import type { Binding } from '../model.js';
import type { Clock, MtlsChannel, MtlsTransport } from '../ports.js';
import type { Logger } from '../diagnostics/logger.js';
import type { RefusedCredential, TokenClient } from '../request/token-client.js';
import { tokenUrl } from '../token/token-request.js';
import { parseAssertion, type AssertionPair } from './assertion-pair.js';
import type { BoundClientAssertionCallback, BoundClientAssertionContext } from './client-assertion.js';
import { AUTO_DETECT_REGION, NO_REGION, type ClientCredentialRequest } from './client-credential-request.js';
import { JWT_POP } from './managed-identity-assertion.js';
import type { MtlsAuthority } from './mtls-authority.js';

/** A validated configuration. */
export interface ClientSettings {
  readonly clientId: string;
  readonly clientAssertion: BoundClientAssertionCallback;
  readonly authority: MtlsAuthority;
  readonly configuration: Configuration;
}

/** What a resource or the token endpoint refused. */
export type Refused = NonNullable<BoundClientAssertionContext['refused']>;

/** A request, where it goes, and what it is made with while the service does not refuse that. */
export interface AssertedRequest extends ClientCredentialRequest {
  readonly url: string;
  readonly pair: AssertionPair;
}

/** What a client works with besides its settings. */
export interface FederatedSurroundings extends Runtime {
  readonly state: SharedState;
  /** The client's own; undefined for the connections of the binding. */
  readonly transport: MtlsTransport | undefined;
  readonly detectRegion: () => Promise<string | undefined>;
}

export class FederatedClient implements TokenClient<AssertedRequest, AssertionPair> {
  readonly authentication = 'assertion';
  readonly identityKind = 'federated';
  readonly flights = new SingleFlight();
  readonly state: SharedState;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retriesEnabled: boolean;
  readonly timeoutMs: number | undefined;
  readonly clientCapabilities: readonly string[];
  readonly #settings: ClientSettings;
  readonly #surroundings: FederatedSurroundings;
  readonly #channels = new WeakMap<Binding, MtlsChannel>();

  constructor(settings: ClientSettings, surroundings: FederatedSurroundings) {
    const { state, clock, log, retriesEnabled } = surroundings;
    this.state = state;
    this.clock = clock;
    this.log = log;
    this.retriesEnabled = retriesEnabled;
    this.timeoutMs = settings.configuration.timeoutMs;
    this.clientCapabilities = settings.configuration.clientCapabilities;
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  /**
   * Asks for the pair first: it decides which token in the cache is the right one.
   *
   * @param refused - What a resource or the token endpoint refused, when a token under something else is wanted.
   */
  async assert(request: ClientCredentialRequest, refused: Refused | undefined, call: Call): Promise<AssertedRequest> {
    const authority = this.issuedBy(request);
    const url = tokenUrl(authority.baseUrl(await this.#regionOf(request)), authority.tenantId);
    return { ...request, url, pair: await this.#askForPair({ ...request, url }, refused, call) };
  }

  issuedBy({ tenantId }: ClientCredentialRequest): MtlsAuthority {
    const { authority } = this.#settings;
    return tenantId === undefined ? authority : authority.withTenant(tenantId);
  }

  async #regionOf({ region }: ClientCredentialRequest): Promise<string | undefined> {
    const named = region ?? this.#settings.configuration.environment.forcedRegion;
    const is = (word: string) => named?.toLowerCase() === word.toLowerCase();
    if (is(NO_REGION)) return undefined;
    return is(AUTO_DETECT_REGION) ? this.#surroundings.detectRegion() : named;
  }

  candidates({ pair }: AssertedRequest): readonly AssertionPair[] {
    return [pair];
  }

  /** Renewal is up to the managed identity, and the pair that the callback returns is the one to use. */
  tend(): boolean {
    return false;
  }

  obtain({ pair }: AssertedRequest): Promise<AssertionPair> {
    return Promise.resolve(pair);
  }

  /** A callback that returns what was refused has nothing else: asking the service again would change nothing. */
  async replace(
    request: AssertedRequest,
    { credential, refusal }: RefusedCredential<AssertionPair>,
    call: Call,
  ): Promise<AssertionPair | undefined> {
    const next = await this.#askForPair(request, { binding: credential.context, part: refusal.part }, call);
    return next.assertion === credential.assertion ? undefined : next;
  }

  tokenKey(request: AssertedRequest, { binding }: AssertionPair): string {
    const { scope, tokenType, claimsFromClient } = request;
    return assertedTokenKey({
      tokenUrl: request.url,
      clientId: this.#settings.clientId,
      scope,
      tokenType,
      capabilities: this.clientCapabilities,
      claimsFromClient,
      x5tS256: binding.certificate.x5tS256,
    });
  }

  audienceKey({ url, tokenType, resource }: AssertedRequest): string {
    return audienceKey(`${url} ${this.#settings.clientId}`, { tokenType, resource });
  }

  flightKey(request: AssertedRequest): string {
    return assertedFlightKey(this.tokenKey(request, request.pair), request);
  }

  tokenUrl({ url }: AssertedRequest): string {
    return url;
  }

  identify({ tokenType }: AssertedRequest, { assertion }: AssertionPair): Record<string, string> {
    return {
      client_id: this.#settings.clientId,
      client_assertion_type: JWT_POP,
      client_assertion: assertion,
      client_info: '2',
      ...(tokenType === 'mtls_pop' && { token_type: tokenType }),
    };
  }

  secretsOf({ assertion }: AssertionPair): readonly string[] {
    return [assertion];
  }

  async #askForPair(
    { claims, url }: Pick<AssertedRequest, 'claims' | 'url'>,
    refused: Refused | undefined,
    { correlationId, signal }: Call,
  ): Promise<AssertionPair> {
    const { clientId, clientAssertion } = this.#settings;
    const { clientCapabilities } = this;
    const returned: unknown = await clientAssertion({
      clientId,
      tokenEndpoint: url,
      correlationId,
      ...(claims !== undefined && { claims }),
      ...(clientCapabilities.length > 0 && { clientCapabilities }),
      ...(signal !== undefined && { signal }),
      ...(refused !== undefined && { refused }),
    });
    signal?.throwIfAborted();
    const pair = parseAssertion(returned, correlationId);
    return Object.freeze({ ...pair, channel: this.#channelOf(pair) });
  }

  #channelOf({ binding, channel }: AssertionPair): MtlsChannel {
    const { transport } = this.#surroundings;
    if (transport === undefined) return channel;
    let own = this.#channels.get(binding);
    if (own === undefined) {
      own = transport.bind(binding.key, binding.certificateDer);
      this.#channels.set(binding, own);
    }
    return own;
  }
}
