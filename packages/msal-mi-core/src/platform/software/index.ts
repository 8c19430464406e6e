/** The platform of hosts without KeyGuard: keys in memory, nothing persisted, TLS by Node.js. */
import type { Platform } from '../../ports.js';
import { NO_CERTIFICATE_STORE } from '../no-certificate-store.js';
import { createSoftwareKeyStore } from './key-store.js';
import { createSoftwareTransport } from './mtls-transport.js';

export function createSoftwarePlatform(readExtraAuthorities: () => string[]): Platform {
  return {
    keyStore: createSoftwareKeyStore(),
    certificateStore: NO_CERTIFICATE_STORE,
    createTransport: (trustedAuthorities) => createSoftwareTransport({ trustedAuthorities, readExtraAuthorities }),
  };
}
