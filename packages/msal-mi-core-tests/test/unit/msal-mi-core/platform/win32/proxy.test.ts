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

  it.each([
    ['10.0.0.0/8', 'https://10.1.2.3/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.0.0.0/8', 'https://10.example/', false],
    ['10.1.2.3', 'https://10.1.2.3:8443', true],
    ['10.1.2.3:443', 'https://10.1.2.3:8443', false],
    ['2001:db8::1', 'https://[2001:db8::1]/', true],
    ['2001:DB8:0::1', 'https://[2001:db8::1]/', true],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]/', true],
    ['[2001:db8::1]:8443', 'https://[2001:db8::1]/', false],
    ['2001:db8::/32', 'https://[2001:db8:5::9]/', true],
    ['2001:db8::/32', 'https://[2001:db9::9]/', false],
    ['a.example;b.example', 'https://b.example', true],
    ['a.example b.example', 'https://b.example', true],
    ['b.example.', 'https://b.example', true],
    ['b.example', 'https://b.example.', true],
    ['10.1.*', 'https://10.1.2.3/', true],
    ['10.1.*', 'https://10.2.1.3/', false],
    ['vault*.example', 'https://vault-7.example', true],
    ['vault*.example', 'https://vault.example.evil', false],
    ['a*b*a', 'https://aba', true],
    ['a*b*a', 'https://ab', false],
    ['*', 'https://[2001:db8::1]/', true],
    ['*:8443', 'https://b.example:8443', true],
    ['*:8443', 'https://b.example', false],
    ['<local>', 'https://intranet/', true],
    ['<local>', 'https://b.example', false],
    ['<local>', 'https://[2001:db8::1]/', false],
  ])('NO_PROXY=%s excepts %s: %s', (noProxy, to, expected) =>
    expect(route('http://proxy:8080', noProxy, new URL(to))).toBe(expected ? 'direct' : 'proxy:8080'),
  );

  it.each([
    '10.0.0.0/33',
    '2001:db8::/129',
    'http://secret.example',
    'fe80::1%eth0',
    'a/b',
    'x:y:z',
    '<other>',
    'a\\b',
  ])('NO_PROXY=%s is refused, and not repeated, whatever else is in it', (entry) => {
    expect(() => route('http://proxy:8080', `*, ${entry}`)).toThrow(/^invalid_configuration: NO_PROXY must be/);
    expect(() => route('http://proxy:8080', entry)).not.toThrow(/secret/);
  });

  it('a pattern that would keep a regular expression busy for ever is looked at once', () => {
    expect(route('http://proxy:8080', `${'a*'.repeat(40)}b`, new URL(`https://${'a'.repeat(60)}`))).toBe('proxy:8080');
  });

  it.each(['soft.com', 'microsoft.com.evil', 'microsoft.com:8443', ''])('NO_PROXY=%s does not', (noProxy) =>
    expect(route('http://proxy:8080', noProxy)).toBe('proxy:8080'),
  );
});
