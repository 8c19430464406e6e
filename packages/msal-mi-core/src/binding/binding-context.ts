import type { Binding } from '../model.js';
import type { MtlsChannel } from '../ports.js';
import type { MtlsBindingContext } from '../public-types.js';
import { createChannelFetch } from '../fetch/channel-fetch.js';

/** What a handle stands for: a binding, and the connections that are made with it. */
export interface BoundConnections {
  readonly binding: Binding;
  readonly channel: MtlsChannel;
}

const CONTEXTS = Symbol.for('msal-mi-core/binding-contexts/v1');

/** The handle that results carry. */
export function createBindingContext(binding: Binding, channel: MtlsChannel): MtlsBindingContext {
  const context: MtlsBindingContext = Object.freeze({
    certificate: binding.certificate,
    strength: binding.key.strength,
    exportable: channel.exportable,
    fetch: createChannelFetch(channel),
    tlsOptions: () => channel.tlsOptions(),
  });
  knownContexts().set(context, Object.freeze({ binding, channel }));
  return context;
}

/** The binding and the connections behind a handle; undefined for anything that is not a handle made here. */
export function connectionsBehind(context: unknown): BoundConnections | undefined {
  return typeof context === 'object' && context !== null ? knownContexts().get(context) : undefined;
}

/** One per process, so that the ESM and the CommonJS copy know each other's handles. */
function knownContexts(): WeakMap<object, BoundConnections> {
  const holder = globalThis as { [CONTEXTS]?: WeakMap<object, BoundConnections> };
  const existing = holder[CONTEXTS];
  if (existing !== undefined) return existing;
  const created = new WeakMap<object, BoundConnections>();
  holder[CONTEXTS] = created;
  return created;
}
