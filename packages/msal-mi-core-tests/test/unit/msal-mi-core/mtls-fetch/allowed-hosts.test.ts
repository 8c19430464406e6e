import { createHostCheck } from 'core/mtls-fetch/allowed-hosts.js';

const allows = (resource: string, url: string, allowedHosts?: Array<string | RegExp>) => {
  try {
    createHostCheck(resource, allowedHosts)(new URL(url));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ errorCode: 'host_not_allowed', stage: 'resource' });
    return false;
  }
};

describe('hosts that may receive a token without allowedHosts', () => {
  test.each([
    ['https://vault.azure.net', 'https://vault.azure.net/', true],
    ['https://vault.azure.net', 'https://contoso.vault.azure.net/secrets/a', true],
    ['https://vault.azure.net/', 'https://contoso.vault.azure.net', true],
    ['https://vault.azure.net/.default', 'https://contoso.vault.azure.net', true],
    ['https://vault.azure.net', 'https://CONTOSO.VAULT.AZURE.NET', true],
    ['https://vault.azure.net', 'https://contosovault.azure.net', false],
    ['https://vault.azure.net', 'https://xvault.azure.net', false],
    ['https://vault.azure.net', 'https://azure.net', false],
    ['https://vault.azure.net', 'https://vault.azure.net.example.com', false],
    ['https://vault.azure.net', 'https://contoso.vault.azure.net:8443', false],
    ['https://vault.azure.net', 'https://contoso.vault.azure.cn', false],
    ['https://vault.azure.net', 'https://vault.azure.net.', false],
    ['https://contoso.com', 'https://contoso.com/api', true],
    ['https://contoso.com', 'https://api.contoso.com', false],
    ['https://localhost:8443', 'https://localhost:8443', true],
    ['https://localhost:8443', 'https://localhost:8444', false],
    ['https://localhost:8443', 'https://a.localhost:8443', false],
    ['https://10.0.0.1', 'https://10.0.0.1', true],
    ['https://10.0.0.1', 'https://1.10.0.0.1.example.com', false],
    ['https://storage.azure.com', 'https://acct.blob.core.windows.net/c/b', true],
    ['https://storage.azure.com', 'https://acct.queue.core.windows.net', true],
    ['https://storage.azure.com', 'https://acct.blob.core.usgovcloudapi.net', true],
    ['https://storage.azure.com', 'https://acct.vault.core.windows.net', false],
    ['https://disk.compute.azure.com', 'https://md-1.z1.blob.storage.azure.net', true],
    ['https://azconfig.io', 'https://contoso.azconfig.io', true],
    ['https://appconfig.azure.com', 'https://contoso.azconfig.io', true],
    ['https://search.azure.com', 'https://contoso.search.windows.net', true],
    ['https://search.azure.com', 'https://contoso.windows.net', false],
    ['https://cognitiveservices.azure.com', 'https://contoso.openai.azure.com', true],
    ['https://cognitiveservices.azure.com', 'https://contoso.cognitiveservices.azure.com', true],
    ['https://ai.azure.com', 'https://contoso.services.ai.azure.com', true],
    ['https://servicebus.azure.net', 'https://contoso.servicebus.windows.net', true],
    ['https://eventhubs.azure.net', 'https://contoso.servicebus.windows.net', true],
    ['https://communication.azure.com//.default', 'https://contoso.communication.azure.com', true],
    ['https://purview.azure.net', 'https://contoso.purview.azure.com', true],
    ['https://management.azure.com', 'https://contoso.azconfig.io', false],
    ['https://graph.microsoft.com', 'https://mtlstb.graph.microsoft.com/v1.0', true],
    ['https://graph.microsoft.com', 'https://graph.microsoft.com/v1.0', false],
  ])('a token for %s to %s: %s', (resource, url, expected) => {
    expect(allows(resource, url)).toBe(expected);
  });

  test.each(['api://thing', 'c2f9d6f0-0f3c-4b1e-9a43-0f6f3d4c2b1a', 'http://vault.azure.net'])(
    'a resource %s names none',
    (resource) => {
      expect(() => createHostCheck(resource, undefined)).toThrow(/allowedHosts/);
    },
  );
});

describe('hosts that may receive a token with allowedHosts', () => {
  test.each([
    [['api.contoso.com'], 'https://api.contoso.com', true],
    [['API.contoso.com'], 'https://api.contoso.com', true],
    [['api.contoso.com.'], 'https://api.contoso.com', true],
    [['*.contoso.com.'], 'https://api.contoso.com', true],
    [['api.contoso.com'], 'https://x.api.contoso.com', false],
    [['api.contoso.com'], 'https://api.contoso.com:8443', false],
    [['*.contoso.com'], 'https://api.contoso.com:8443', false],
    [['*.contoso.com:8443'], 'https://api.contoso.com', false],
    [['api.contoso.com:8443'], 'https://api.contoso.com:8443', true],
    [['api.contoso.com:8443'], 'https://api.contoso.com', false],
    [['*.contoso.com'], 'https://api.contoso.com', true],
    [['*.contoso.com'], 'https://a.b.contoso.com', true],
    [['*.contoso.com'], 'https://contoso.com', false],
    [['*.contoso.com'], 'https://evilcontoso.com', false],
    [['[::1]:8443'], 'https://[::1]:8443', true],
    [[/contoso\.com/], 'https://contoso.com', true],
    [[/contoso\.com/], 'https://contoso.com.example.net', false],
    [[/contoso\.com/], 'https://evilcontoso.com', false],
    [[/contoso\.com/], 'https://api.contoso.com', false],
    [[/.*\.contoso\.com$/], 'https://api.contoso.com', true],
    [[/.*\.contoso\.com$/], 'https://contoso.com', false],
    [[/contoso\.com|.*\.example/], 'https://contoso.com.example.net', false],
    [[/CONTOSO\.COM/i], 'https://contoso.com', true],
    [[/a|contoso\.com/], 'https://xcontoso.com', false],
    [[/^[a-z]+\.contoso\.com$/gm], 'https://api.contoso.com:8443', true],
    [['graph.microsoft.com'], 'https://graph.microsoft.com', true],
    [['other.example'], 'https://vault.azure.net', false],
  ])('%s and %s: %s', (allowedHosts, url, expected) => {
    expect(allows('https://vault.azure.net', url, allowedHosts)).toBe(expected);
  });

  test('a global expression gives the same answer every time', () => {
    const check = createHostCheck('https://vault.azure.net', [/contoso\.com/g]);
    for (let i = 0; i < 3; i += 1) expect(() => check(new URL('https://contoso.com'))).not.toThrow();
  });

  test.each([
    ['a path', 'contoso.com/a'],
    ['a path with a backslash', 'contoso.com\\a'],
    ['a user', 'user@contoso.com'],
    ['a wildcard inside', 'a.*.com'],
    ['a lone wildcard', '*'],
    ['nothing', ''],
    ['a scheme', 'https://contoso.com'],
    ['a port out of range', 'contoso.com:99999'],
    ['two dots at the end', 'contoso.com..'],
    ['an encoded dot at the end', 'contoso.com%2e%2e'],
  ])('%s is not an entry', (_name, entry) => {
    expect(() => createHostCheck('https://vault.azure.net', [entry])).toThrow(/allowedHosts/);
  });
});
