/** Stands for crypto/csr.js and crypto/x509.js of the library: one of each is made by them, and the others resemble it. */
import { encodeCsr as encode } from '../../msal-mi-core/dist/crypto/csr.js';
import { parseCertificate as parse } from '../../msal-mi-core/dist/crypto/x509.js';
import { read } from './certificates.mjs';

export { toDotNetJson } from '../../msal-mi-core/dist/crypto/csr.js';
export { x5tS256 } from '../../msal-mi-core/dist/crypto/x509.js';

let encoded;
let first;
/** The processes of a machine read the same certificate. */
const parsed = new WeakMap();

export function encodeCsr(content) {
  return (encoded ??= encode(content));
}

export function parseCertificate(der) {
  const known = parsed.get(der);
  if (known !== undefined) return known;
  first ??= parse(der);
  const { notBeforeMs, notAfterMs, digest } = read(der);
  const certificate = { ...first.certificate, x5tS256: digest };
  const result = { ...first, certificate, notBeforeMs, notAfterMs, usableUntilMs: notAfterMs };
  parsed.set(der, result);
  return result;
}
