import { createHash } from 'node:crypto';

/** `x5t#S256` of a certificate: SHA-256 of its DER, base64url without padding (RFC 8705 section 3.1). */
export function thumbprintS256(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}
