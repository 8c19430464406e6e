import { createHash, X509Certificate } from 'node:crypto';
import type { BindingCertificate } from '../public-types.js';

/** A parsed leaf certificate. */
export interface ParsedCertificate {
  readonly certificate: BindingCertificate;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** base64url SHA-256 of a certificate's DER: the value of `cnf["x5t#S256"]` (RFC 8705 section 3.1). */
export function x5tS256(certificateDer: Uint8Array): string {
  return createHash('sha256').update(certificateDer).digest('base64url');
}

/** Parses DER; undefined when it is not a certificate, or has more bytes than one. */
export function parseCertificate(der: Uint8Array): ParsedCertificate | undefined {
  try {
    const parsed = new X509Certificate(der);
    if (!parsed.raw.equals(der)) return undefined;
    const notBeforeMs = Date.parse(parsed.validFrom);
    const notAfterMs = Date.parse(parsed.validTo);
    if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs)) return undefined;
    return {
      certificate: describe(parsed, notBeforeMs, notAfterMs),
      spki: parsed.publicKey.export({ type: 'spki', format: 'der' }),
      notBeforeMs,
      notAfterMs,
    };
  } catch {
    return undefined;
  }
}

function describe(parsed: X509Certificate, notBeforeMs: number, notAfterMs: number): BindingCertificate {
  const thumbprint = x5tS256(parsed.raw);
  return Object.freeze({
    x5c: parsed.toString(),
    thumbprintSha256: Buffer.from(thumbprint, 'base64url').toString('hex'),
    x5tS256: thumbprint,
    // A Date can be changed although the object that holds it is frozen: everybody gets one of their own.
    get notBefore() {
      return new Date(notBeforeMs);
    },
    get notAfter() {
      return new Date(notAfterMs);
    },
    toX509Certificate: () => new X509Certificate(parsed.raw),
  });
}
