/**
 * Bound tokens for a managed identity: what can be refused at once, then the flow. To the token service the identity is a
 * client whose credential is its certificate.
 */
import { discoverAttestationProvider } from '../attestation/discover.js';
import { assertStrength } from '../binding/mint.js';
import { isTraced, trace } from '../diagnostics/channels.js';
import { MsiV2Error } from '../errors.js';
import { environmentSource, knownSource } from '../source/select-source.js';
import { REFUSED_IN_TLS, reportRefusal } from '../token/refusal.js';
import { acquireBinding, renewBinding, type BindingHolder } from '../binding/acquire-binding.js';
import { createBindingContext } from '../binding/binding-context.js';
import {
  audienceKey,
  bindingKey,
  flightOwnerKey,
  ownerKey,
  TokenKeys,
  tokenFlightKey,
  tokenKeyPrefix,
} from '../cache/cache-key.js';
import type { KeptBindings } from '../cache/binding-cache.js';
import { discoveryKey, objectNumber } from '../cache/process-state.js';
import type { SharedState } from '../cache/shared-state.js';
import type { SingleFlight } from '../cache/single-flight.js';
import type { Call, Runtime } from '../call.js';
import type { Configuration } from '../config.js';
import { DISABLE_IMDS_V2 } from '../hosts.js';
import type { Logger } from '../diagnostics/logger.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import type { Binding, HostEnvironment, TokenRequest } from '../model.js';
import type { CertificateStore, Clock, HttpTransport, KeyStore, MtlsTransport, Platform } from '../ports.js';
import {
  type AttestationProvider,
  MtlsBindingStrength,
  type MtlsBindingContext,
  type MtlsPopAuthenticationResult,
} from '../public-types.js';
import { tokenUrl } from '../token/token-request.js';
import {
  acquireFromCache,
  acquireFromNetwork,
  callOf,
  forget,
  runInBackground,
  withinTimeout,
  type Credential,
  type RefusedCredential,
  type TokenClient,
} from './acquire-token.js';

type Result = MtlsPopAuthenticationResult;

/** A token that is in the cache comes without a promise. */
export function acquireBoundToken(request: TokenRequest, client: IdentityClient): Result | Promise<Result> {
  if (!isTraced('acquireToken')) return acquire(request, client);
  const run = async () => acquire(request, client);
  return trace('acquireToken', request.correlationId, run, ({ fromCache, bindingCertificate }) => ({
    fromCache,
    certificateAgeMs: client.clock.now() - bindingCertificate.notBefore.getTime(),
  }));
}

function acquire(request: TokenRequest, client: IdentityClient): Result | Promise<Result> {
  request.signal?.throwIfAborted();
  if (client.isVersion2Disabled) refuseSwitchedOff(request, client);
  return (acquireFromCache(request, client) as Result | undefined) ?? acquireAnew(request, client);
}

async function acquireAnew(request: TokenRequest, client: IdentityClient): Promise<Result> {
  const result = await withinTimeout(request, client, async (signal) => {
    await assertHostCanServe(request, client);
    return acquireFromNetwork(request, client, signal);
  });
  return result as Result;
}

/**
 * A token under another certificate than the one that a resource, or the token service in the second leg, refused: it is
 * replaced as one that the first leg refuses, unless somebody did so already (D22, D23).
 *
 * @param isTrial - True leaves what is bound to the refused certificate in use: the token is not yet what is wanted.
 */
export async function replaceBinding(
  request: TokenRequest,
  context: MtlsBindingContext,
  client: IdentityClient,
  isTrial: boolean,
): Promise<Result> {
  const refused = client.credentialOf(context);
  if (refused === undefined || client.isYoungReplacement(refused)) return acquireBoundToken(request, client);
  if (client.isCurrent(refused)) reportRefusal(REFUSED_IN_TLS, refused.binding, callOf(request, client, undefined));
  const result = await withinTimeout(request, client, async (signal) => {
    const refusal = { credential: refused, refusal: REFUSED_IN_TLS };
    const successor = await client.replace(request, refusal, callOf(request, client, signal));
    const found = acquireFromCache(request, client, [successor]);
    const acquired = found ?? (await acquireFromNetwork(request, client, signal));
    if (!isTrial) forget(refused, successor, client.state);
    return acquired;
  });
  return result as Result;
}

/** @throws What is left to say while the kill switch is on (D32), whatever is in the cache. */
function refuseSwitchedOff({ correlationId, namedStrength }: TokenRequest, client: IdentityClient): never {
  assertNoEnvironmentSource(client, correlationId);
  assertStrength(MtlsBindingStrength.Bearer, namedStrength ?? MtlsBindingStrength.Bearer, correlationId);
  throw new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', {
    correlationId,
    message: `The environment variable ${DISABLE_IMDS_V2} switches version 2 of the metadata service off.`,
    remediation: `Unset ${DISABLE_IMDS_V2} and restart, or ask for a bearer token.`,
  });
}

/** What can be refused before any network I/O: no package, no source, no key strong enough (D1-D4). */
async function assertHostCanServe(request: TokenRequest, client: IdentityClient): Promise<void> {
  const { correlationId, minStrength, attested } = request;
  assertNoEnvironmentSource(client, correlationId);
  // After the environment: where no token can be had, the package would not help.
  if (attested) await discoverAttestationProvider(client.attestationProvider);
  const known = knownSource(client.state.discovered, client.discoveryKey, client.clock.monotonicMs());
  if (known?.finding === 'version-1-only') {
    throw new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', { correlationId });
  }
  if (known?.finding === 'nothing') {
    throw new MsiV2Error('managed_identity_all_sources_unavailable', {
      correlationId,
      ...(known.capabilities.errorReason !== undefined && { message: known.capabilities.errorReason }),
    });
  }
  const strongest = await client.keyStore.strongest();
  assertStrength(strongest, minStrength, correlationId);
  if (attested && strongest < MtlsBindingStrength.KeyGuard) {
    throw new MsiV2Error('credential_guard_requires_cng', { stage: 'attestation', correlationId });
  }
}

function assertNoEnvironmentSource({ environment }: IdentityClient, correlationId: string): void {
  const source = environmentSource(environment);
  if (source === undefined) return;
  throw new MsiV2Error('mtls_pop_not_supported_for_environment', {
    correlationId,
    message: `The environment of this process selects ${source}, which has no certificate-bound tokens.`,
  });
}

/** A binding as one application uses it: always the same for the same binding. */
export interface IdentityCredential extends Credential {
  readonly tokenKeys: TokenKeys;
}

/** What an application works with besides its configuration. */
export interface ClientSurroundings extends Runtime {
  readonly state: SharedState;
  readonly platform: Platform;
  readonly http: HttpTransport;
}

/** The strongest kind of key comes first. */
const STRENGTHS = [MtlsBindingStrength.KeyGuard, MtlsBindingStrength.Software] as const;

const NONE: readonly IdentityCredential[] = [];

/** Bindings of one kind, as they were when they were last looked for. */
interface Candidates {
  readonly kept: KeptBindings;
  readonly credentials: readonly IdentityCredential[];
}

export class IdentityClient implements TokenClient<TokenRequest, IdentityCredential>, BindingHolder {
  readonly authentication = 'certificate';
  readonly state: SharedState;
  readonly flights: SingleFlight;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retriesEnabled: boolean;
  readonly timeoutMs: number | undefined;
  readonly clientCapabilities: readonly string[];
  readonly environment: HostEnvironment;
  readonly imds: ImdsEndpoint;
  readonly keyStore: KeyStore;
  readonly certificateStore: CertificateStore;
  readonly attestationProvider: AttestationProvider | undefined;
  readonly owner: string;
  readonly flightOwner: string;
  readonly discoveryKey: string;
  readonly isVersion2Disabled: boolean;
  readonly #transport: MtlsTransport;
  readonly #bindingKeys: Array<string | undefined> = [];
  readonly #candidates: Array<Candidates | undefined> = [];
  readonly #known = new WeakMap<Binding, IdentityCredential>();
  readonly #bindings = new WeakMap<MtlsBindingContext, Binding>();

  constructor(configuration: Configuration, { state, platform, http, clock, log, retriesEnabled }: ClientSurroundings) {
    const { imdsBase, identity, trustedAuthorities, allowedHosts } = configuration;
    this.state = state;
    this.flights = state.flights;
    this.clock = clock;
    this.log = log;
    this.retriesEnabled = retriesEnabled;
    this.timeoutMs = configuration.timeoutMs;
    this.clientCapabilities = configuration.clientCapabilities;
    this.environment = configuration.environment;
    this.imds = { base: imdsBase, identity, http, allowedHosts };
    this.keyStore = platform.keyStore;
    this.certificateStore = platform.certificateStore;
    this.attestationProvider = configuration.attestationProvider;
    this.owner = ownerKey(imdsBase, identity);
    this.flightOwner = flightOwnerKey(this.owner, settingsOf(configuration, state));
    this.discoveryKey = discoveryKey(configuration, state);
    this.isVersion2Disabled = configuration.isVersion2Disabled;
    this.#transport = platform.createTransport(trustedAuthorities);
  }

  candidates({ attested, minStrength }: TokenRequest): readonly IdentityCredential[] {
    const [strongest, weaker] = STRENGTHS;
    const best = this.#candidatesOf(attested, strongest);
    if (minStrength > weaker) return best;
    const others = this.#candidatesOf(attested, weaker);
    if (best.length === 0) return others;
    return others.length === 0 ? best : [...best, ...others];
  }

  isCurrent({ binding }: IdentityCredential): boolean {
    return this.state.bindings.kept(this.#bindingKey(binding.attested, binding.key.strength))?.current === binding;
  }

  tend(request: TokenRequest, { binding }: IdentityCredential, nowMs: number): boolean {
    const { bindings } = this.state;
    const kept = bindings.kept(this.#bindingKey(binding.attested, binding.key.strength));
    if (kept === undefined) return false;
    if (nowMs >= kept.renewAfterMs) this.#renewWhenDue(request, binding);
    // A certificate that took the place of a refused one has no token yet, else there would be no older ones left.
    return kept.current !== binding && !bindings.isReplacement(kept.current);
  }

  isYoungReplacement({ binding }: IdentityCredential): boolean {
    return this.state.bindings.isYoungReplacement(binding, this.clock);
  }

  async obtain(request: TokenRequest, call: Call): Promise<IdentityCredential> {
    return this.#use(await acquireBinding(this, request, undefined, call), request);
  }

  async replace(
    request: TokenRequest,
    { credential: { binding }, refusal: { evidenceIsStale } }: RefusedCredential<Credential>,
    call: Call,
  ): Promise<IdentityCredential> {
    return this.#use(await acquireBinding(this, request, { binding, evidenceIsStale }, call), request);
  }

  tokenKey(request: TokenRequest, { tokenKeys }: IdentityCredential): string {
    return tokenKeys.of(request);
  }

  audienceKey(request: TokenRequest, { binding: { attested, key } }: IdentityCredential): string {
    return audienceKey(this.#bindingKey(attested, key.strength), request);
  }

  flightKey(request: TokenRequest): string {
    return tokenFlightKey(this.flightOwner, request, this.clientCapabilities);
  }

  tokenUrl(_request: TokenRequest, { binding: { endpoint, tenantId } }: IdentityCredential): string {
    return tokenUrl(endpoint, tenantId);
  }

  identify({ tokenType }: TokenRequest, { binding: { clientId } }: IdentityCredential): Record<string, string> {
    return { client_id: clientId, token_type: tokenType.toLowerCase() };
  }

  secretsOf(): readonly string[] {
    return [];
  }

  /** The binding behind a handle that this client gave out, as it uses it. */
  credentialOf(context: MtlsBindingContext): IdentityCredential | undefined {
    const binding = this.#bindings.get(context);
    return binding && this.#of(binding);
  }

  /** Nobody waits for it (D17). */
  #renewWhenDue(request: TokenRequest, binding: Binding): void {
    const key = this.#bindingKey(request.attested, binding.key.strength);
    if (!this.state.bindings.claimRenewal(key, this.clock)) return;
    const renew = () => renewBinding(this, request, callOf(request, this, undefined));
    runInBackground('certificate-renewal', renew, this);
  }

  #use(binding: Binding, request: TokenRequest): IdentityCredential {
    this.#renewWhenDue(request, binding);
    return this.#of(binding);
  }

  #candidatesOf(attested: boolean, strength: MtlsBindingStrength): readonly IdentityCredential[] {
    const kept = this.state.bindings.kept(this.#bindingKey(attested, strength));
    if (kept === undefined) return NONE;
    const kind = kindOf(attested, strength);
    const known = this.#candidates[kind];
    if (known?.kept === kept) return known.credentials;
    const credentials = [kept.current, ...kept.predecessors].map((binding) => this.#of(binding));
    this.#candidates[kind] = { kept, credentials };
    return credentials;
  }

  #bindingKey(attested: boolean, strength: MtlsBindingStrength): string {
    return (this.#bindingKeys[kindOf(attested, strength)] ??= bindingKey(this.owner, attested, strength));
  }

  #of(binding: Binding): IdentityCredential {
    const known = this.#known.get(binding);
    if (known !== undefined) return known;
    const { attested, certificateDer, key } = binding;
    const channel = this.#transport.bind(key, certificateDer);
    const context = createBindingContext(binding, channel);
    const prefix = tokenKeyPrefix(this.#bindingKey(attested, key.strength), this.clientCapabilities);
    const credential = { binding, channel, context, tokenKeys: new TokenKeys(prefix, binding) };
    this.#known.set(binding, credential);
    this.#bindings.set(context, binding);
    return credential;
  }
}

/** Number of a kind of binding. */
function kindOf(attested: boolean, strength: MtlsBindingStrength): number {
  return strength * 2 + (attested ? 1 : 0);
}

/** Everything that a shared request depends on besides identity and kind (D28). */
function settingsOf(configuration: Configuration, state: SharedState): readonly unknown[] {
  const { networkClient, loggerOptions, attestationProvider, retriesEnabled, trustedAuthorities } = configuration;
  const objects = [networkClient, loggerOptions?.loggerCallback, attestationProvider];
  return [
    retriesEnabled,
    trustedAuthorities,
    loggerOptions?.logLevel,
    loggerOptions?.piiLoggingEnabled,
    ...objects.map((object) => (object === undefined ? 0 : objectNumber(state, object))),
  ];
}
