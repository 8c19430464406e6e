/** Where the client certificate of a request comes from: the TLS connection, or a proxy that is trusted to say. */
import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { MtlsPopRefusal } from './refusal.js';
import { invalid } from './verify-options.js';

/** A proxy that ends TLS in front of this server and passes the client certificate on in a header. */
export interface ForwardedCertificateOptions {
  /** Name of the header. The proxy must remove it from what clients send. */
  header: string;
  /**
   * - `client-cert`: RFC 9440, the DER as `:base64:`.
   * - `nginx`: `$ssl_client_escaped_cert`, the PEM URL-encoded.
   * - `envoy`: `x-forwarded-client-cert` with `Cert`, and with the client's own element only (`SANITIZE_SET`).
   */
  format: 'client-cert' | 'nginx' | 'envoy';
  /** Addresses or networks (`10.0.0.0/8`) of the proxies. The header of anybody else is ignored. */
  trustedProxies: string[];
}

/** What is used of a request of `node:https`, Express, Connect or Fastify (`request.raw`). */
export interface ServerRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: object;
}

interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** Finds the client certificate of a request, DER. */
export type CertificateSource = (request: ServerRequest) => Uint8Array | undefined;

const FORMATS = { 'client-cert': parseClientCert, nginx: parseEscapedPem, envoy: parseXfcc } as const;
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const PEM = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

/**
 * With `forwarded`, a request that comes from one of its proxies carries the certificate in the header or has none: the
 * certificate of the proxy's own connection is never taken for the client's. Everybody else is taken at their own TLS
 * connection.
 *
 * @returns A function that throws MtlsPopRefusal `unreadable_certificate` when a trusted proxy sends something unreadable.
 * @throws MsalMiError `invalid_configuration`.
 */
export function createCertificateSource(forwarded?: ForwardedCertificateOptions): CertificateSource {
  if (forwarded === undefined) return ({ socket }) => certificateOfSocket(socket);
  const { header, format, trustedProxies } = forwarded;
  if (typeof header !== 'string' || !HEADER_NAME.test(header))
    throw invalid('forwardedCertificate.header must be a name.');
  if (!Object.hasOwn(FORMATS, format)) {
    throw invalid('forwardedCertificate.format must be client-cert, nginx or envoy.');
  }
  const isTrusted = parseProxies(trustedProxies);
  const name = header.toLowerCase();
  const parse = FORMATS[format];
  return ({ headers, socket }) => {
    if (!isTrusted((socket as PeerSocket).remoteAddress)) return certificateOfSocket(socket);
    const value = headers[name];
    if (value === undefined || value === '') return undefined;
    const certificate = typeof value === 'string' ? parse(value) : undefined;
    if (certificate === undefined) throw new MtlsPopRefusal('unreadable_certificate');
    return certificate;
  };
}

function certificateOfSocket(socket: object): Uint8Array | undefined {
  return (socket as PeerSocket).getPeerX509Certificate?.()?.raw;
}

function parseProxies(proxies: unknown): (address: string | undefined) => boolean {
  const list = new BlockList();
  if (!Array.isArray(proxies) || proxies.length === 0) {
    throw invalid('forwardedCertificate.trustedProxies must name at least one address.');
  }
  for (const proxy of proxies as unknown[]) {
    const [, address = '', prefix] =
      /^([\d.a-f:]+)(?:\/(\d{1,3}))?$/i.exec(typeof proxy === 'string' ? proxy : '') ?? [];
    const family = isIP(address);
    const bits = prefix === undefined ? undefined : Number(prefix);
    if (family === 0 || bits === 0 || (bits !== undefined && bits > (family === 4 ? 32 : 128))) {
      throw invalid('forwardedCertificate.trustedProxies must hold IP addresses and networks such as 10.0.0.0/8.');
    }
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, bits, type);
  }
  return (address) => {
    const plain = address?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? '';
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

function parseClientCert(value: string): Uint8Array | undefined {
  const [, base64] = /^\s*:([A-Za-z0-9+/]+={0,2}):\s*$/.exec(value) ?? [];
  return base64 === undefined ? undefined : toDer(Buffer.from(base64, 'base64'));
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
  const pairs = [...value.matchAll(/(?:^|[;,])\s*(\w+)=("(?:[^"\\]|\\.)*"|[^;,]*)/g)];
  const certificates = pairs.filter(([, name]) => name?.toLowerCase() === 'cert');
  const unquoted = value.replace(/"(?:[^"\\]|\\.)*"/g, '');
  const [certificate] = certificates;
  if (unquoted.includes(',') || certificates.length !== 1 || certificate === undefined) return undefined;
  return parseEscapedPem((certificate[2] ?? '').replace(/^"|"$/g, ''));
}

function toDer(bytes: Buffer): Uint8Array | undefined {
  try {
    const { raw } = new X509Certificate(bytes);
    return raw.equals(bytes) ? raw : undefined;
  } catch {
    return undefined;
  }
}
