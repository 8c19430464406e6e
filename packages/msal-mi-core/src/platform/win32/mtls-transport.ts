/** TLS with a key that stays in its store: WinHTTP and Schannel. Server verification is always on. */
import { MsiV2Error } from '../../errors.js';
import {
  type MtlsChannel,
  type MtlsRequest,
  type MtlsResponse,
  type MtlsTransport,
  type NamedKey,
} from '../../ports.js';
import { abortable } from '../../time/clock.js';
import { SharedChannels } from '../shared-channels.js';
import { exchange } from './http-exchange.js';
import type { NativeBindings, NativeSession, SessionOptions } from './native/bindings.js';
import { failedCall, toBindFailure } from './native/native-error.js';
import { proxyFor, type ProxyEnvironment, type ProxyRoute } from './proxy.js';

/** The addon asks once per session whether a server's certificate is revoked, so sessions are replaced. */
const SESSION_LIFETIME_MS = 60 * 60_000;

const LIMITS: Omit<SessionOptions, 'proxy'> = {
  allowTls13: false,
  resolveTimeoutMs: 30_000,
  connectTimeoutMs: 30_000,
  sendTimeoutMs: 60_000,
  receiveTimeoutMs: 300_000,
};

export interface Win32TransportOptions {
  readonly native: () => NativeBindings;
  /** For keys without a name, which only their own process can use. */
  readonly software: MtlsTransport;
  readonly readProxyEnvironment: () => ProxyEnvironment;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Of all transports that may share their connections. Default: it shares with none. */
  readonly channels?: SharedChannels;
}

/** The system's store decides for everybody. */
const WINDOWS_TRUST = '';

export function createWin32Transport(options: Win32TransportOptions): MtlsTransport {
  const { software, channels = new SharedChannels() } = options;
  return {
    bind(key, certificate) {
      const { named } = key;
      if (named === undefined) return software.bind(key, certificate);
      return channels.bind(key, certificate, WINDOWS_TRUST, () => new WinHttpChannel(options, named, certificate));
    },
  };
}

/** An opened session is closed when it was given up and nobody is about to send with it. */
class KeptSession {
  readonly openedAtMs: number;
  readonly #opening: Promise<NativeSession>;
  #senders = 0;
  #isGivenUp: boolean;

  constructor(opening: Promise<NativeSession>, openedAtMs: number, isForOneUse: boolean) {
    this.#opening = opening;
    this.openedAtMs = openedAtMs;
    this.#isGivenUp = isForOneUse;
  }

  async use<T>(signal: AbortSignal | undefined, start: (session: NativeSession) => T): Promise<T> {
    this.#senders += 1;
    try {
      return start(await abortable(this.#opening, signal));
    } finally {
      this.#senders -= 1;
      this.#closeWhenIdle();
    }
  }

  /** Requests in flight keep the native session until they are done. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (!this.#isGivenUp || this.#senders > 0) return;
    this.#opening.then(
      (session) => session.close(),
      () => undefined,
    );
  }
}

class WinHttpChannel implements MtlsChannel {
  readonly exportable = false;
  readonly #options: Win32TransportOptions;
  readonly #key: NamedKey;
  readonly #certificate: Uint8Array;
  /** Connections are kept per session: a session has one certificate and one way out. */
  readonly #sessions = new Map<ProxyRoute, KeptSession>();
  #isRetired = false;

  constructor(options: Win32TransportOptions, key: NamedKey, certificate: Uint8Array) {
    this.#options = options;
    this.#key = key;
    this.#certificate = certificate;
  }

  async send(request: MtlsRequest): Promise<MtlsResponse> {
    const { url, signal } = request;
    if (url.protocol !== 'https:') throw new TypeError('Only https URLs can be requested with a certificate.');
    signal?.throwIfAborted();
    const session = this.#session(proxyFor(url, this.#options.readProxyEnvironment()));
    const { answer } = await session.use(signal, (opened) => ({ answer: exchange(opened, request) }));
    return answer;
  }

  tlsOptions(): never {
    throw new MsiV2Error('key_not_exportable', { stage: 'key' });
  }

  retire(): void {
    this.#isRetired = true;
    for (const session of this.#sessions.values()) session.giveUp();
    this.#sessions.clear();
  }

  #session(route: ProxyRoute): KeptSession {
    const nowMs = this.#options.now();
    const kept = this.#sessions.get(route);
    if (kept !== undefined && nowMs - kept.openedAtMs < SESSION_LIFETIME_MS) return kept;
    kept?.giveUp();
    const opening = this.#open(route);
    const opened = new KeptSession(opening, nowMs, this.#isRetired);
    if (!this.#isRetired) this.#sessions.set(route, opened);
    opening.catch(() => {
      if (this.#sessions.get(route) === opened) this.#sessions.delete(route);
    });
    return opened;
  }

  async #open(route: ProxyRoute): Promise<NativeSession> {
    const native = this.#options.native();
    try {
      return await native.openSession({ ...LIMITS, proxy: route }, this.#certificate, this.#key);
    } catch (error) {
      throw toBindFailure(failedCall(error));
    }
  }
}
