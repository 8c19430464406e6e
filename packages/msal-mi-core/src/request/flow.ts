/** What the flow of one application works with: its own settings and transports, and the caches of the process. */
import { createHash } from 'node:crypto';
import { bindingKey, ownerKey, tokenKeyPrefix } from '../cache/cache-key.js';
import { TokenKeys } from '../cache/token-keys.js';
import type { SharedState } from '../cache/shared-state.js';
import type { Configuration } from '../config.js';
import type { Logger } from '../diagnostics/logger.js';
import type { Binding } from '../model.js';
import type { AttestationProvider, Clock, HttpTransport, MtlsChannel, MtlsTransport, Platform } from '../ports.js';
import type { ImdsEndpoint } from '../imds/endpoint.js';
import type { MtlsBindingContext, MtlsBindingStrength } from '../public-types.js';

/** A binding as one flow uses it: always the same for the same binding. */
export interface FlowBinding {
  readonly binding: Binding;
  readonly channel: MtlsChannel;
  readonly context: MtlsBindingContext;
  readonly tokenKeys: TokenKeys;
}

/** What a flow is made of. */
export interface FlowParts {
  readonly configuration: Configuration;
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Logger;
  readonly http: HttpTransport;
  readonly transport: MtlsTransport;
  readonly findAttestationProvider: () => Promise<AttestationProvider>;
  readonly createContext: (binding: Binding, channel: MtlsChannel) => MtlsBindingContext;
}

export class Flow {
  readonly configuration: Configuration;
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Logger;
  readonly imds: ImdsEndpoint;
  readonly findAttestationProvider: () => Promise<AttestationProvider>;
  /** IMDS base and identity, and the settings: applications that differ share no work in flight (D28). */
  readonly flightOwner: string;
  /** IMDS base and identity: what all cache keys begin with. */
  readonly #owner: string;
  readonly #transport: MtlsTransport;
  readonly #createContext: FlowParts['createContext'];
  readonly #bindingKeys: Array<string | undefined> = [];
  readonly #known = new WeakMap<Binding, FlowBinding>();
  readonly #bindings = new WeakMap<MtlsBindingContext, Binding>();
  /** Nearly every call is for the binding of the call before it. */
  #latest: FlowBinding | undefined;

  constructor(parts: FlowParts) {
    const { configuration, state, platform, clock, log, http } = parts;
    const { imdsBase, identity, retriesEnabled } = configuration;
    this.configuration = configuration;
    this.state = state;
    this.platform = platform;
    this.clock = clock;
    this.log = log;
    this.imds = { base: imdsBase, identity, http, clock, log, retriesEnabled };
    this.findAttestationProvider = parts.findAttestationProvider;
    this.#owner = ownerKey(imdsBase, identity);
    this.flightOwner = `${this.#owner}${settingsKey(configuration, state)}`;
    this.#transport = parts.transport;
    this.#createContext = parts.createContext;
  }

  /** Key of the bindings of one kind. */
  bindingKey(attested: boolean, strength: MtlsBindingStrength): string {
    return (this.#bindingKeys[strength * 2 + (attested ? 1 : 0)] ??= bindingKey(this.#owner, attested, strength));
  }

  of(binding: Binding): FlowBinding {
    if (this.#latest?.binding !== binding) this.#latest = this.#known.get(binding) ?? this.#use(binding);
    return this.#latest;
  }

  /** The binding behind a context that this flow handed out. */
  bindingOf(context: MtlsBindingContext): Binding | undefined {
    return this.#bindings.get(context);
  }

  #use(binding: Binding): FlowBinding {
    const { attested, certificateDer, key } = binding;
    const channel = this.#transport.bind(key, certificateDer);
    const context = this.#createContext(binding, channel);
    const { clientCapabilities } = this.configuration;
    const prefix = tokenKeyPrefix(this.bindingKey(attested, key.strength), clientCapabilities);
    const used = { binding, channel, context, tokenKeys: new TokenKeys(prefix, binding) };
    this.#known.set(binding, used);
    this.#bindings.set(context, binding);
    return used;
  }
}

/** Equal for applications that a shared request serves equally well, because every setting it depends on is the same. */
function settingsKey(configuration: Configuration, state: SharedState): string {
  const { networkClient, loggerOptions, attestationProvider, retriesEnabled, trustedAuthorities } = configuration;
  const objects = [networkClient, loggerOptions?.loggerCallback, attestationProvider];
  const settings = [
    retriesEnabled,
    trustedAuthorities,
    loggerOptions?.logLevel,
    loggerOptions?.piiLoggingEnabled,
    ...objects.map((object) => (object === undefined ? 0 : objectNumber(state, object))),
  ];
  return createHash('sha256').update(JSON.stringify(settings)).digest('base64url');
}

function objectNumber(state: SharedState, object: object): number {
  const known = state.objectNumbers.get(object);
  if (known !== undefined) return known;
  state.objectCount += 1;
  state.objectNumbers.set(object, state.objectCount);
  return state.objectCount;
}
