/** Where the client certificate of a request comes from: the TLS connection, or a proxy that is trusted to say. */
import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { readMembers } from '../options/options.js';
import { FORWARDED_FORMATS, type ForwardedCertificateFormat } from './forwarded-formats.js';
import { MtlsPopRefusal } from './refusal.js';
import { invalid, readOptions } from './verify-options.js';

/** A proxy that ends TLS in front of this server and passes the client certificate on in a header. */
export interface ForwardedCertificateOptions {
  /** Name of the header. The proxy must remove it from what clients send. */
  header: string;
  /** How the certificate is written in the header. No other form is read. */
  format: ForwardedCertificateFormat;
  /** Addresses or networks (`10.0.0.0/8`) of the proxies. The header of anybody else is ignored. */
  trustedProxies: string[];
}

/** What is used of a request of `node:http`, `node:https` or `node:http2`, or of Express, Connect or Fastify. */
export interface ServerRequest {
  /** Names in lower case, as Node.js has them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The connection that the request arrived on. */
  readonly socket: object;
}

interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** Finds the client certificate of a request, DER. */
export type CertificateSource = (request: ServerRequest) => Uint8Array | undefined;

const FORWARDED_NAMES = ['header', 'format', 'trustedProxies'];
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;

/**
 * With `forwarded`, a request that comes from one of its proxies carries the certificate in the header or has none: the
 * certificate of the proxy's own connection is never taken for the client's. Everybody else is taken at their own TLS
 * connection.
 *
 * @param forwarded - The header and its proxies. Default: no header counts.
 * @returns A function that throws MtlsPopRefusal `unreadable_certificate` when a trusted proxy sends something unreadable.
 * @throws MsalMiError `invalid_configuration`.
 */
export function createCertificateSource(forwarded?: ForwardedCertificateOptions): CertificateSource {
  if (forwarded === undefined) return ({ socket }) => certificateOfSocket(socket);
  const { name, parse, isTrusted } = readOptions(() => parseForwarded(forwarded));
  return ({ headers, socket }) => {
    if (!isTrusted(read(socket, (peer) => peer.remoteAddress))) return certificateOfSocket(socket);
    const value = headers[name];
    if (value === undefined || value === '') return undefined;
    const certificate = typeof value === 'string' ? parse(value) : undefined;
    if (certificate === undefined) throw new MtlsPopRefusal('unreadable_certificate');
    return certificate;
  };
}

function parseForwarded(forwarded: unknown) {
  if (typeof forwarded !== 'object' || forwarded === null) throw invalid('forwardedCertificate must be an object.');
  const { header, format, trustedProxies } = readMembers(forwarded, FORWARDED_NAMES, invalid);
  if (typeof header !== 'string' || !HEADER_NAME.test(header)) {
    throw invalid('forwardedCertificate.header must be a name.');
  }
  if (typeof format !== 'string' || !Object.hasOwn(FORWARDED_FORMATS, format)) {
    throw invalid(`forwardedCertificate.format must be one of: ${Object.keys(FORWARDED_FORMATS).join(', ')}.`);
  }
  const parse = FORWARDED_FORMATS[format as ForwardedCertificateFormat];
  return { name: header.toLowerCase(), parse, isTrusted: parseProxies(trustedProxies) };
}

function certificateOfSocket(socket: object): Uint8Array | undefined {
  return read(socket, (peer) => peer.getPeerX509Certificate?.()?.raw);
}

/** The socket of an HTTP/2 stream throws once the stream has ended; then nobody waits for an answer either. */
function read<T>(socket: object, member: (peer: PeerSocket) => T): T | undefined {
  try {
    return member(socket);
  } catch {
    return undefined;
  }
}

function parseProxies(proxies: unknown): (address: unknown) => boolean {
  const list = new BlockList();
  if (!Array.isArray(proxies) || proxies.length === 0) {
    throw invalid('forwardedCertificate.trustedProxies must name at least one address.');
  }
  for (const proxy of [...(proxies as unknown[])]) {
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
    if (typeof address !== 'string') return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}
