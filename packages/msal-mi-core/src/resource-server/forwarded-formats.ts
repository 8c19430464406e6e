/** How proxies write a client certificate into a header. Each parser runs in linear time and returns DER or nothing. */
import { X509Certificate } from 'node:crypto';

/**
 * - `client-cert`: RFC 9440, the DER as `:base64:`.
 * - `nginx`: `$ssl_client_escaped_cert`, the PEM URL-encoded.
 * - `envoy`: `x-forwarded-client-cert` with `Cert`, and with the client's own element only (`SANITIZE_SET`).
 * - `app-service`: `X-ARR-ClientCert` of Azure App Service, the DER as Base64.
 */
export type ForwardedCertificateFormat = 'client-cert' | 'nginx' | 'envoy' | 'app-service';

/** No certificate of a client is near this; Node.js refuses headers of 16 KiB unless it is told otherwise. */
const MAX_LENGTH = 64 * 1024;
const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

type Parser = (value: string) => Uint8Array | undefined;

export const FORWARDED_FORMATS: Readonly<Record<ForwardedCertificateFormat, Parser>> = {
  'client-cert': bounded((value) => fromBase64(/^\s*:([^:]*):\s*$/.exec(value)?.[1])),
  nginx: bounded(parseEscapedPem),
  envoy: bounded(parseXfcc),
  'app-service': bounded((value) => fromBase64(value.trim())),
};

function bounded(parse: Parser): Parser {
  return (value) => (value.length > MAX_LENGTH ? undefined : parse(value));
}

function parseEscapedPem(value: string): Uint8Array | undefined {
  try {
    const [, base64] = PEM.exec(decodeURIComponent(value)) ?? [];
    return base64 === undefined ? undefined : toDer(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

/** More than one element means that somebody else's is among them: which one is the client's cannot be told. */
function parseXfcc(value: string): Uint8Array | undefined {
  const pairs = splitXfccElement(value);
  const certificates = pairs?.filter(([name]) => name.trim().toLowerCase() === 'cert') ?? [];
  const [certificate] = certificates;
  if (certificates.length !== 1 || certificate === undefined) return undefined;
  return parseEscapedPem(certificate[1].replace(/^"|"$/g, ''));
}

/** `name=value;name="quoted \" value"`, or undefined when there is a second element or a quotation without end. */
function splitXfccElement(text: string): Array<[name: string, value: string]> | undefined {
  const pairs: Array<[string, string]> = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (isQuoted && character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && character === ',') return undefined;
    else if (at === text.length || (!isQuoted && character === ';')) {
      const pair = text.slice(start, at);
      const equals = pair.indexOf('=');
      if (equals !== -1) pairs.push([pair.slice(0, equals), pair.slice(equals + 1)]);
      start = at + 1;
    }
  }
  return isQuoted ? undefined : pairs;
}

function fromBase64(text: string | undefined): Uint8Array | undefined {
  return text !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? toDer(Buffer.from(text, 'base64')) : undefined;
}

function toDer(bytes: Buffer): Uint8Array | undefined {
  try {
    const { raw } = new X509Certificate(bytes);
    return raw.equals(bytes) ? raw : undefined;
  } catch {
    return undefined;
  }
}
