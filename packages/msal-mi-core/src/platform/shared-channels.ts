import { x5tS256 } from '../crypto/x509.js';
import type { MtlsChannel, SigningKey } from '../ports.js';

/** More certificates than a process uses at a time. */
const MOST_KEPT = 32;

/**
 * One channel, and so one pool of connections, for all who use the same key, certificate and trust: a program that makes
 * an application for each request opens no connections for each of them.
 */
export class SharedChannels {
  readonly #byKey = new WeakMap<SigningKey, Map<string, MtlsChannel>>();

  /**
   * @param trust - Equal for those who trust the same authorities.
   * @param create - Makes the channel when there is none, or when the one there was retired.
   */
  bind(key: SigningKey, certificate: Uint8Array, trust: string, create: () => MtlsChannel): MtlsChannel {
    const channels = this.#byKey.get(key) ?? new Map<string, MtlsChannel>();
    this.#byKey.set(key, channels);
    return sharedIn(channels, `${x5tS256(certificate)} ${trust}`, create);
  }
}

function sharedIn(channels: Map<string, MtlsChannel>, name: string, create: () => MtlsChannel): MtlsChannel {
  const kept = channels.get(name);
  if (kept !== undefined) return kept;
  const channel = create();
  const shared: MtlsChannel = {
    exportable: channel.exportable,
    send: (request) => channel.send(request),
    tlsOptions: () => channel.tlsOptions(),
    retire: () => {
      if (channels.get(name) === shared) channels.delete(name);
      channel.retire();
    },
  };
  channels.set(name, shared);
  const [oldest] = channels.keys();
  if (channels.size > MOST_KEPT) channels.delete(oldest!);
  return shared;
}
