/** Through which proxy a request goes. IMDS is not asked here: its transport knows no proxy at all. */
import { BlockList, isIP } from 'node:net';
import { ManagedIdentityError } from '../../errors.js';
import { isLoopbackHost } from '../../loopback.js';

/** As read from HTTPS_PROXY and NO_PROXY, in any case; undefined when unset. */
export interface ProxyEnvironment {
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

/** `direct`, `system` (what the user configured in Windows), or host:port. */
export type ProxyRoute = string;

/** @throws ManagedIdentityError `invalid_configuration` for a variable that cannot be used; the message does not repeat it. */
export function proxyFor(url: URL, { httpsProxy, noProxy }: ProxyEnvironment): ProxyRoute {
  if (isLoopbackHost(url.hostname) || isExcepted(url, noProxy ?? '')) return 'direct';
  if (httpsProxy === undefined || httpsProxy.trim() === '') return 'system';
  const text = httpsProxy.trim();
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol !== 'http:' || proxy.username !== '' || proxy.password !== '') {
    throw new ManagedIdentityError('invalid_configuration', {
      message: 'HTTPS_PROXY must be an http URL without user name and password, such as http://proxy:8080.',
    });
  }
  return `${proxy.hostname}:${proxy.port === '' ? '80' : proxy.port}`;
}

/** Whether an entry of NO_PROXY means the host of a URL. */
type Exception = (url: URL) => boolean;

function isExcepted(url: URL, noProxy: string): boolean {
  const entries = noProxy.split(/[\s,;]+/).filter((entry) => entry !== '');
  return entries.map((entry) => parseException(entry.toLowerCase())).some((isMeant) => isMeant(url));
}

/** An address of version 6 without brackets has more than one colon: its end is not taken for a port. */
const WITH_PORT = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/;
const NAME = /^(?:\*?\.)?([^/\\@?#[\]:*<>]+?)\.?$/;
const PATTERN = /^[^/\\@?#[\]:<>]+$/;

/**
 * `*`; names, which also mean what is below them, with or without a dot or `*.` before them; names with `*` elsewhere;
 * addresses; networks such as `10.0.0.0/8`; `<local>` as Windows means it. All but networks may end with a port.
 *
 * @throws ManagedIdentityError `invalid_configuration` for anything else: what is meant to go past the proxy would not.
 */
function parseException(entry: string): Exception {
  const [, host = entry, port] = WITH_PORT.exec(entry) ?? [];
  const isMeant = parseHost(host);
  return (url) => (port === undefined || port === (url.port || '443')) && isMeant(url);
}

function parseHost(host: string): Exception {
  if (host === '*') return () => true;
  if (host === '<local>') return ({ hostname }) => !/[.[]/.test(hostname);
  const network = parseNetwork(host);
  if (network !== undefined) return ({ hostname }) => isWithinNetwork(hostname, network);
  const [, name] = NAME.exec(host) ?? [];
  if (name !== undefined) return (url) => isNamed(url, (own) => own === name || own.endsWith(`.${name}`));
  if (!PATTERN.test(host)) {
    throw new ManagedIdentityError('invalid_configuration', {
      message: 'NO_PROXY must be host names, addresses and networks such as 10.0.0.0/8, separated by commas.',
    });
  }
  const parts = host.split('*');
  return (url) => isNamed(url, (own) => hasParts(own, parts));
}

const isNamed = ({ hostname }: URL, test: (name: string) => boolean): boolean => test(hostname.replace(/\.$/, ''));

/** Whether `name` begins with the first part, ends with the last one, and has the others in this order between them. */
function hasParts(name: string, parts: readonly string[]): boolean {
  const last = parts.length - 1;
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const found = index === last ? Math.max(at, name.length - part.length) : name.indexOf(part, at);
    if (found < at || (index === 0 && found !== 0) || !name.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}

const plain = (address: string): string => address.replace(/^\[|\]$/g, '');
const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

/** Undefined for what is not an address or a network. */
function parseNetwork(text: string): BlockList | undefined {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const own = plain(address);
  const longest = isIP(own) === 4 ? 32 : 128;
  const length = prefix === undefined ? longest : Number(prefix);
  if (isIP(own) === 0 || own.includes('%') || length > longest) return undefined;
  const list = new BlockList();
  list.addSubnet(own, length, familyOf(own));
  return list;
}

function isWithinNetwork(hostname: string, network: BlockList): boolean {
  const address = plain(hostname);
  return isIP(address) !== 0 && network.check(address, familyOf(address));
}
