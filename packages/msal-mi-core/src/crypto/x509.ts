import { createHash, X509Certificate } from 'node:crypto';
import { inspect } from 'node:util';
import type { BindingCertificate } from '../public-types.js';

/** A parsed leaf certificate. */
export interface ParsedCertificate {
  readonly certificate: BindingCertificate;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** When its usable life ends: at NotAfter, or earlier at the time until which it gets tokens (D17). */
  readonly usableUntilMs: number;
}

/** Contents of the OBJECT IDENTIFIER 1.3.6.1.4.1.311.90.2.1: the time after which Entra ID issues no token for it. */
const TOKEN_NOT_AFTER = Buffer.from('2b0601040182375a0201', 'hex');
const TAG = { sequence: 0x30, objectId: 0x06, octets: 0x04, utcTime: 0x17, generalizedTime: 0x18, extensions: 0xa3 };

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
      usableUntilMs: Math.min(notAfterMs, readTokenNotAfter(der) ?? notAfterMs),
    };
  } catch {
    return undefined;
  }
}

function describe(parsed: X509Certificate, notBeforeMs: number, notAfterMs: number): BindingCertificate {
  const thumbprint = x5tS256(parsed.raw);
  const certificate: BindingCertificate = {
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
  };
  // Whoever prints a result or a binding gets no certificate body (D29).
  const shown = () => ({ x5tS256: thumbprint, notAfter: certificate.notAfter });
  return Object.freeze(Object.defineProperty(certificate, inspect.custom, { value: shown }));
}

/** Undefined without the extension, and when what it holds is not a time. */
function readTokenNotAfter(certificate: Uint8Array): number | undefined {
  const [outer] = elements(certificate);
  const [toBeSigned] = outer === undefined ? [] : elements(outer.content);
  const wrapped = toBeSigned && elements(toBeSigned.content).find(({ tag }) => tag === TAG.extensions);
  const [extensions] = wrapped === undefined ? [] : elements(wrapped.content);
  for (const extension of extensions === undefined ? [] : elements(extensions.content)) {
    const [id, ...rest] = elements(extension.content);
    if (id?.tag !== TAG.objectId || !TOKEN_NOT_AFTER.equals(id.content)) continue;
    const value = rest.find(({ tag }) => tag === TAG.octets);
    const [found] = value === undefined ? [] : elements(value.content);
    const time = found?.tag === TAG.sequence ? elements(found.content)[0] : found;
    return time && parseTime(time);
  }
  return undefined;
}

/** A tag of DER and what it tags. */
interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements that follow one another in `der`, as far as they can be read. */
function elements(der: Uint8Array): Element[] {
  const found: Element[] = [];
  let position = 0;
  while (position + 2 <= der.length) {
    const tag = der[position] ?? 0;
    let length = der[position + 1] ?? 0;
    position += 2;
    if (length >= 0x80) {
      const size = length - 0x80;
      if (size === 0 || size > 4 || position + size > der.length) break;
      length = Buffer.from(der.buffer, der.byteOffset + position, size).readUIntBE(0, size);
      position += size;
    }
    if (position + length > der.length) break;
    found.push({ tag, content: der.subarray(position, position + length) });
    position += length;
  }
  return found;
}

/** RFC 5280 section 4.1.2.5: in UTC; two digits of a year from 50 on mean the last century. */
function parseTime({ tag, content }: Element): number | undefined {
  const text = Buffer.from(content).toString('latin1');
  const isShort = tag === TAG.utcTime && /^\d{12}Z$/.test(text);
  if (!isShort && !(tag === TAG.generalizedTime && /^\d{14}(\.\d+)?Z$/.test(text))) return undefined;
  const digits = isShort ? `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}` : text;
  const timeMs = Date.parse(digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*/, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
