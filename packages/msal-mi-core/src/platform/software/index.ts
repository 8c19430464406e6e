/** The platform of hosts without KeyGuard: keys in memory, nothing persisted, TLS by Node.js. */
import type { CertificateStore, Platform } from '../../ports.js';
import { createSoftwareKeyStore } from './key-store.js';
import { createSoftwareTransport } from './mtls-transport.js';

const NO_STORE: CertificateStore = {
  isPersistent: false,
  find: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  deleteAll: () => Promise.resolve(),
  withLock: (_alias, work) => work(),
};

export function createSoftwarePlatform(readExtraAuthorities: () => string[]): Platform {
  return {
    keyStore: createSoftwareKeyStore(),
    certificateStore: NO_STORE,
    createTransport: (trustedAuthorities) => createSoftwareTransport({ trustedAuthorities, readExtraAuthorities }),
  };
}
