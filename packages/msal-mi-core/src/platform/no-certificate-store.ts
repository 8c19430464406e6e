import type { CertificateStore } from '../ports.js';

/** Keeps nothing: for hosts without a store, and where keeping was switched off. */
export const NO_CERTIFICATE_STORE: CertificateStore = Object.freeze({
  isPersistent: false,
  find: () => Promise.resolve(undefined),
  save: () => Promise.resolve(),
  deleteAll: () => Promise.resolve(),
  withLock: <T>(_alias: string, work: () => Promise<T>) => work(),
});
