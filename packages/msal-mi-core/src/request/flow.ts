/** What the flow of one application works with: its own settings and transports, and the caches of the process. */
import { createHash } from 'node:crypto';
import { bindingKey, ownerKey, tokenKeyPrefix } from '../cache/cache-key.js';
import { TokenKeys } from '../cache/token-keys.js';
import type { SharedState } from '../cache/shared-state.js';
import type { Configuration } from '../config.js';
import type { Logger } from '../diagnostics/logger.js';
import type { Binding } from '../model.js';
import type { AttestationProvider, Clock, HttpTransport, MtlsChannel, MtlsTransport, Platform } from '../ports.js';
import type { ImdsEndpoint } from '../transport/imds.js';
import type { MtlsBindingContext, MtlsBindingStrength } from '../types.js';

export interface Flow {
  readonly configuration: Configuration;
  readonly state: SharedState;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Logger;
  readonly imds: ImdsEndpoint;
  readonly findAttestationProvider: () => Promise<AttestationProvider>;
  /** IMDS base and identity: what all cache keys begin with. */
  readonly owner: string;
  /** As `owner`, and different for applications whose settings differ: they share no work in flight (PROTOCOL D28). */
  readonly flightOwner: string;
  readonly keys: (attested: boolean, strength: MtlsBindingStrength) => BindingKeys;
  readonly channelOf: (binding: Binding) => MtlsChannel;
  readonly contextOf: (binding: Binding) => MtlsBindingContext;
  /** The binding behind a context that this flow handed out. */
  readonly bindingOf: (context: MtlsBindingContext) => Binding | undefined;
}

/** Keys that depend on the kind of binding only, computed once. */
export interface BindingKeys {
  readonly binding: string;
  readonly tokens: TokenKeys;
}

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

export function createFlow(parts: FlowParts): Flow {
  const { configuration, state, platform, clock, log, http } = parts;
  const { imdsBase, identity, retriesEnabled } = configuration;
  const owner = ownerKey(imdsBase, identity);
  const channels = new WeakMap<Binding, MtlsChannel>();
  const contexts = new WeakMap<Binding, MtlsBindingContext>();
  const bindings = new WeakMap<MtlsBindingContext, Binding>();
  const keys: Array<BindingKeys | undefined> = [];

  const channelOf = (binding: Binding) => {
    let channel = channels.get(binding);
    if (channel === undefined) {
      channel = parts.transport.bind(binding.key, binding.certificateDer);
      channels.set(binding, channel);
    }
    return channel;
  };
  return {
    configuration,
    state,
    platform,
    clock,
    log,
    imds: { base: imdsBase, identity, http, clock, log, retriesEnabled },
    findAttestationProvider: parts.findAttestationProvider,
    owner,
    flightOwner: `${owner}${settingsKey(configuration, state)}`,
    keys: (attested, strength) => {
      const index = strength * 2 + (attested ? 1 : 0);
      let found = keys[index];
      if (found === undefined) {
        const binding = bindingKey(owner, attested, strength);
        found = { binding, tokens: new TokenKeys(tokenKeyPrefix(binding, configuration.clientCapabilities)) };
        keys[index] = found;
      }
      return found;
    },
    channelOf,
    contextOf: (binding) => {
      let context = contexts.get(binding);
      if (context === undefined) {
        context = parts.createContext(binding, channelOf(binding));
        contexts.set(binding, context);
        bindings.set(context, binding);
      }
      return context;
    },
    bindingOf: (context) => bindings.get(context),
  };
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
