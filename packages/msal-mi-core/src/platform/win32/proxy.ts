/** Through which proxy a request goes. IMDS is not asked here: its transport knows no proxy at all. */
import { ManagedIdentityError } from '../../errors.js';
import { isLoopbackHost } from '../../loopback.js';

/** As read from HTTPS_PROXY and NO_PROXY, in any case; undefined when unset. */
export interface ProxyEnvironment {
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
}

/** `direct`, `system` (what the user configured in Windows), or host:port. */
export type ProxyRoute = string;

/** @throws ManagedIdentityError `invalid_configuration` when HTTPS_PROXY is not a usable URL; the message does not repeat it. */
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

/** `*`, host names that also mean their subdomains, with or without leading dot or `*.`, and with or without port. */
function isExcepted(url: URL, noProxy: string): boolean {
  return noProxy.split(/[\s,]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (port !== undefined && port !== (url.port === '' ? '443' : url.port)) return false;
    const name = host.replace(/^\*?\./, '');
    return url.hostname === name || url.hostname.endsWith(`.${name}`);
  });
}
