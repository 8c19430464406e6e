/** Which host takes the second leg in each cloud (D31). */
import { parseMtlsAuthority } from 'core/fic/mtls-authority.js';
import { tokenUrl } from 'core/token/token-request.js';

const TENANT = '0b6d2c5e-8f4e-4f0b-9c58-6f1d3f8a7e21';

function endpoint(authority: string, region?: string): string {
  const parsed = parseMtlsAuthority(authority);
  return tokenUrl(parsed.baseUrl(region), parsed.tenantId);
}

test.each([
  ['login.microsoftonline.com', 'mtlsauth.microsoft.com'],
  ['login.microsoft.com', 'mtlsauth.microsoft.com'],
  ['login.windows.net', 'mtlsauth.microsoft.com'],
  ['LOGIN.MicrosoftOnline.com', 'mtlsauth.microsoft.com'],
  ['login.microsoftonline.us', 'mtlsauth.microsoftonline.us'],
  ['login.partner.microsoftonline.cn', 'mtlsauth.partner.microsoftonline.cn'],
  ['login.sovcloud-identity.fr', 'mtlsauth.sovcloud-identity.fr'],
  ['login.sovcloud-identity.de', 'mtlsauth.sovcloud-identity.de'],
  ['login.sovcloud-identity.sg', 'mtlsauth.sovcloud-identity.sg'],
])('M10, M11: requests to %s go to %s, with the region in front of it', (login, mtls) => {
  expect(endpoint(`https://${login}/${TENANT}`)).toBe(`https://${mtls}/${TENANT}/oauth2/v2.0/token`);
  expect(endpoint(`https://${login}/${TENANT}/`, 'WestUS3')).toBe(
    `https://westus3.${mtls}/${TENANT}/oauth2/v2.0/token`,
  );
});

test.each([
  'login.usgovcloudapi.net',
  'login.chinacloudapi.cn',
  'sts.windows.net',
  'contoso.ciamlogin.com',
  'mtlsauth.microsoft.com',
  'evil-login.microsoftonline.com',
  'xlogin.microsoftonline.us',
  'localhost.example.com',
  'login.microsoftonline.com.',
  'token.localhost',
])('M15: %s has no certificate-bound tokens', (host) => {
  expect(() => parseMtlsAuthority(`https://${host}/${TENANT}`)).toThrow(
    expect.objectContaining({ errorCode: 'mtls_pop_not_supported_for_environment' }) as Error,
  );
});

test.each([
  'https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_policy',
  'https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/b2c_1_policy',
  'https://login.microsoftonline.com/adfs',
  'https://adfs.contoso.com/adfs',
])('M18: the authority %s is refused', (authority) => {
  expect(() => parseMtlsAuthority(authority)).toThrow(
    expect.objectContaining({ errorCode: 'mtls_pop_not_supported_for_environment' }) as Error,
  );
});

test.each([
  `https://login.microsoftonline.com/${TENANT}/../common`,
  `https://login.microsoftonline.com/./${TENANT}`,
  `https://login.microsoftonline.com/x/%2e%2E/${TENANT}`,
  `https://login.microsoftonline.com/${TENANT}%2fcommon`,
  `https://login.microsoftonline.com\\${TENANT}`,
  `https://login.microsoftonline.com/..`,
  `https://login.microsoftonline.com/a\tb`,
])('an authority that a URL parser reads in another way than it is written is refused: %s', (authority) => {
  expect(() => parseMtlsAuthority(authority)).toThrow(
    expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
  );
});

test('M17: a dSTS authority is used as it is, without region', () => {
  const authority = `https://co1.dsts.core.example/dstsv2/${TENANT}`;
  expect(endpoint(authority)).toBe(`${authority}/oauth2/v2.0/token`);
  expect(endpoint(authority, 'westus3')).toBe(`${authority}/oauth2/v2.0/token`);
});

test.each(['https://localhost:4443', 'https://127.0.0.1:4443', 'https://[::1]:4443'])(
  'an authority at %s is used as it is, without region',
  (origin) => {
    expect(endpoint(`${origin}/${TENANT}`, 'westus3')).toBe(`${origin}/${TENANT}/oauth2/v2.0/token`);
  },
);

test.each(['common', 'Common', 'organizations', ''])('the tenant "%s" is none', (tenant) => {
  expect(() => parseMtlsAuthority(`https://login.microsoftonline.com/${tenant}`)).toThrow(
    expect.objectContaining({ errorCode: 'missing_tenanted_authority' }) as Error,
  );
});

test('consumers counts as a tenant', () => {
  expect(endpoint('https://login.microsoftonline.com/consumers')).toBe(
    'https://mtlsauth.microsoft.com/consumers/oauth2/v2.0/token',
  );
});

test.each([
  'http://login.microsoftonline.com/t',
  'login.microsoftonline.com/t',
  'https://user:secret@login.microsoftonline.com/t',
  'https://login.microsoftonline.com/t?p=b2c_1',
  'https://login.microsoftonline.com/t#x',
  'https://login.microsoftonline.com/a%2Fb',
  undefined,
])('the authority %s is refused as a configuration error', (authority) => {
  expect(() => parseMtlsAuthority(authority)).toThrow(
    expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
  );
});
