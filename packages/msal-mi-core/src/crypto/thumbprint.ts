import { createHash } from 'node:crypto';

/** base64url SHA-256 of a certificate's DER: the value of `cnf["x5t#S256"]` (RFC 8705 section 3.1). */
export function x5tS256(certificateDer: Uint8Array): string {
  return createHash('sha256').update(certificateDer).digest('base64url');
}
