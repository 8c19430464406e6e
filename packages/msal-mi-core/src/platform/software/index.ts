/** The platform of hosts without KeyGuard: keys in memory, nothing persisted, TLS by Node.js. */
import type { Platform } from '../../ports.js';
import { NO_CERTIFICATE_STORE } from '../no-certificate-store.js';
import { SharedChannels } from '../shared-channels.js';
import { createSoftwareKeyStore } from './key-store.js';
import { createSoftwareTransport } from './mtls-transport.js';

export function createSoftwarePlatform(readExtraAuthorities: () => string[]): Platform {
  const channels = new SharedChannels();
  return {
    keyStore: createSoftwareKeyStore(),
    certificateStore: NO_CERTIFICATE_STORE,
    createTransport: (trustedAuthorities) =>
      createSoftwareTransport({ trustedAuthorities, readExtraAuthorities }, channels),
  };
}
