import { profileOf } from 'core/mtls-fetch/host-profiles.js';

test.each([
  'contoso.vault.azure.net',
  'vault.azure.net',
  'contoso.vault.azure.cn',
  'contoso.vault.usgovcloudapi.net',
  'hsm.managedhsm.azure.net',
  'hsm.managedhsm.azure.cn',
  'hsm.managedhsm.usgovcloudapi.net',
])('O01: %s wants to be told that the token is bound', (hostname) => {
  expect(profileOf(hostname).headers).toEqual({ 'x-ms-tokenboundauth': 'true' });
});

test.each([
  'contoso.blob.core.windows.net',
  'myvault.azure.net',
  'vault.azure.net.example.com',
  'mtlstb.graph.microsoft.com',
])('%s wants nothing besides the token', (hostname) => {
  expect(profileOf(hostname)).toEqual({ headers: {} });
});
