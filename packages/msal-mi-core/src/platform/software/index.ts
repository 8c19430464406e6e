/** The platform of hosts without KeyGuard: keys in memory, nothing persisted, TLS by Node.js. */
import type { CertificateStore, Platform } from '../../ports.js';
import { SharedChannels } from '../shared-channels.js';
import { createSoftwareKeyStore } from './key-store.js';
import { createSoftwareTransport } from './mtls-transport.js';

/** Keeps nothing: for hosts without a store, and where keeping was switched off. */
export const NO_CERTIFICATE_STORE: CertificateStore = Object.freeze({
  isPersistent: false,
  find: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  withLock: <T>(_alias: string, work: () => Promise<T>) => work(),
});

export function createSoftwarePlatform(readExtraAuthorities: () => string[]): Platform {
  const channels = new SharedChannels();
  return {
    keyStore: createSoftwareKeyStore(),
    certificateStore: NO_CERTIFICATE_STORE,
    createTransport: (trustedAuthorities) =>
      createSoftwareTransport({ trustedAuthorities, readExtraAuthorities }, channels),
  };
}
