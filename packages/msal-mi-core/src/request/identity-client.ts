/** A managed identity as a client of the token service: its credential is a binding, which it keeps and renews. */
import { acquireBinding, renewBinding, type BindingHolder } from '../binding/acquire-binding.js';
import { createBindingContext } from '../binding/binding-context.js';
import { timeOf, type KeptBindings } from '../cache/binding-cache.js';
import {
  audienceKey,
  bindingKey,
  flightOwnerKey,
  ownerKey,
  TokenKeys,
  tokenFlightKey,
  tokenKeyPrefix,
} from '../cache/cache-key.js';
import { discoveryKey, objectNumber } from '../cache/process-state.js';
import type { SharedState } from '../cache/shared-state.js';
import type { SingleFlight } from '../cache/single-flight.js';
import type { Call, Runtime } from '../call.js';
import type { Configuration } from '../config.js';
import type { Logger } from '../diagnostics/logger.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import type { Binding, HostEnvironment, TokenRequest } from '../model.js';
import type { CertificateStore, Clock, HttpTransport, KeyStore, MtlsTransport, Platform } from '../ports.js';
import type { AttestationProvider, MtlsBindingContext } from '../public-types.js';
import { MtlsBindingStrength } from '../public-types/constants.js';
import { tokenUrl } from '../token/token-request.js';
import { callOf } from './acquire-token.js';
import { runInBackground } from './background.js';
import type { Credential, RefusedCredential, TokenClient } from './token-client.js';

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

/** Bindings of one kind, as they were when they were last looked for. */
interface Candidates {
  /** Of the cache of bindings, at that time. */
  readonly revision: number;
  readonly kept: KeptBindings | undefined;
  readonly credentials: readonly IdentityCredential[];
}

export class IdentityClient implements TokenClient<TokenRequest, IdentityCredential>, BindingHolder {
  readonly authentication = 'certificate';
  readonly identityKind: 'system-assigned' | 'user-assigned';
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
    this.identityKind = identity.kind === 'system' ? 'system-assigned' : 'user-assigned';
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
    const best = this.#candidatesOf(attested, strongest).credentials;
    if (minStrength > weaker) return best;
    const others = this.#candidatesOf(attested, weaker).credentials;
    if (best.length === 0) return others;
    return others.length === 0 ? best : [...best, ...others];
  }

  isCurrent({ binding }: IdentityCredential): boolean {
    return this.#candidatesOf(binding.attested, binding.key.strength).kept?.current === binding;
  }

  tend(request: TokenRequest, { binding }: IdentityCredential, steadyMs: number): boolean {
    const { kept } = this.#candidatesOf(binding.attested, binding.key.strength);
    if (kept === undefined) return false;
    if (timeOf(kept.current, steadyMs) >= kept.renewAfterMs) this.#renewWhenDue(request, binding);
    // A certificate that took the place of a refused one has no token yet, else there would be no older ones left.
    return kept.current !== binding && !this.state.bindings.isReplacement(kept.current);
  }

  /** The best candidate, while it is to be neither renewed nor superseded. */
  settled(request: TokenRequest, steadyMs: number): IdentityCredential | undefined {
    const [best] = this.candidates(request);
    if (best === undefined) return undefined;
    const { kept } = this.#candidatesOf(request.attested, best.binding.key.strength);
    const isSettled = kept?.current === best.binding && timeOf(kept.current, steadyMs) < kept.renewAfterMs;
    return isSettled ? best : undefined;
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
    const { bindings } = this.state;
    const key = this.#bindingKey(request.attested, binding.key.strength);
    if (!bindings.claimRenewal(key, this.clock)) return;
    const current = bindings.kept(key)?.current ?? binding;
    const renew = () => renewBinding(this, request, current, callOf(request, this, undefined));
    runInBackground('certificate-renewal', renew, this);
  }

  #use(binding: Binding, request: TokenRequest): IdentityCredential {
    this.#renewWhenDue(request, binding);
    return this.#of(binding);
  }

  #candidatesOf(attested: boolean, strength: MtlsBindingStrength): Candidates {
    const { bindings } = this.state;
    const kind = kindOf(attested, strength);
    const known = this.#candidates[kind];
    if (known?.revision === bindings.revision) return known;
    const kept = bindings.kept(this.#bindingKey(attested, strength));
    const credentials = kept === undefined ? [] : [kept.current, ...kept.predecessors].map((one) => this.#of(one));
    const found = { revision: bindings.revision, kept, credentials };
    this.#candidates[kind] = found;
    return found;
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
    const credential = { binding, channel, context, tokenKeys: new TokenKeys(prefix, binding, this.state.tokens) };
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
