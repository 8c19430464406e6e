import { proxyFor } from 'core/platform/win32/proxy.js';

const url = new URL('https://eastus.mtlsauth.microsoft.com/t/oauth2/v2.0/token');
const route = (httpsProxy?: string, noProxy?: string, to: URL = url) => proxyFor(to, { httpsProxy, noProxy });

describe('the way out', () => {
  it('is what Windows is configured for when nothing is set', () => {
    expect(route()).toBe('system');
    expect(route('  ')).toBe('system');
  });

  it.each([
    ['http://proxy.example:8080', 'proxy.example:8080'],
    ['http://proxy.example:8080/', 'proxy.example:8080'],
    ['http://proxy.example', 'proxy.example:80'],
    ['proxy.example:3128', 'proxy.example:3128'],
  ])('HTTPS_PROXY=%s leads to %s', (value, expected) => expect(route(value)).toBe(expected));

  it.each(['https://proxy:8080', 'socks5://proxy:1080', 'http://user:secret@proxy:8080', 'http://'])(
    'HTTPS_PROXY=%s is refused, and not repeated',
    (value) => {
      expect(() => route(value)).toThrow(/^invalid_configuration: HTTPS_PROXY must be an http URL/);
      expect(() => route(value)).not.toThrow(/secret/);
    },
  );

  it.each(['https://localhost:1', 'https://127.0.0.1', 'https://127.1.2.3', 'https://[::1]:9'])(
    '%s is never proxied',
    (to) => {
      expect(route('http://proxy:8080', undefined, new URL(to))).toBe('direct');
      expect(route(undefined, undefined, new URL(to))).toBe('direct');
    },
  );

  it.each(['*', 'microsoft.com', '.microsoft.com', '*.microsoft.com', 'x.example, MTLSAUTH.microsoft.com:443'])(
    'NO_PROXY=%s excepts the host',
    (noProxy) => expect(route('http://proxy:8080', noProxy)).toBe('direct'),
  );

  it.each(['soft.com', 'microsoft.com.evil', 'microsoft.com:8443', ''])('NO_PROXY=%s does not', (noProxy) =>
    expect(route('http://proxy:8080', noProxy)).toBe('proxy:8080'),
  );
});
