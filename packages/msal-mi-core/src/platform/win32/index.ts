/** The platform of Windows hosts: KeyGuard keys, CurrentUser\My, WinHTTP. Without isolation it is the software platform. */
import type { Platform } from '../../ports.js';
import { SharedChannels } from '../shared-channels.js';
import { createWin32CertificateStore } from './certificate-store.js';
import { createWin32KeyStore } from './key-store.js';
import { createWin32Transport } from './mtls-transport.js';
import { loadBindings } from './native/load.js';
import type { NativeBindings } from './native/bindings.js';
import type { ProxyEnvironment } from './proxy.js';

export interface Win32PlatformOptions {
  /** For hosts without isolation and keys without a name. */
  readonly software: Platform;
  readonly readProxyEnvironment: () => ProxyEnvironment;
  /** Default: the addon of this package, loaded on first use. */
  readonly native?: () => NativeBindings;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: () => number;
}

export function createWin32Platform({
  software,
  readProxyEnvironment,
  native = loadBindings,
  now = Date.now,
}: Win32PlatformOptions): Platform {
  const channels = new SharedChannels();
  return {
    keyStore: createWin32KeyStore(native, software.keyStore),
    certificateStore: createWin32CertificateStore(native, now),
    createTransport: (trustedAuthorities) =>
      createWin32Transport({
        native,
        software: software.createTransport(trustedAuthorities),
        readProxyEnvironment,
        now,
        channels,
      }),
  };
}
