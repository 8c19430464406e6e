import type { Binding } from '../model.js';
import type { MtlsChannel } from '../ports.js';
import type { MtlsBindingContext } from '../types.js';

/** The handle that results carry. Serialises to its certificate only. */
export function createBindingContext(binding: Binding, channel: MtlsChannel): MtlsBindingContext {
  const context: MtlsBindingContext = {
    certificate: binding.certificate,
    strength: binding.key.strength,
    exportable: channel.exportable,
    fetch: async (input, init) => {
      const { fetchOverChannel } = await import('./channel-fetch.js');
      return fetchOverChannel(channel, input, init);
    },
    tlsOptions: () => channel.tlsOptions(),
  };
  const toJSON = () => ({ certificate: binding.certificate, strength: binding.key.strength });
  return Object.freeze(Object.defineProperty(context, 'toJSON', { value: toJSON }));
}
