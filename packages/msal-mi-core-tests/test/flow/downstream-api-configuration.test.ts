/** What the configuration of a downstream call may say, and what is refused, before any I/O. */
import { CloudHost, WORLD_OPTIONS } from '../support/downstream.js';
import { directly, federated } from '../support/downstream-samples.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const world = await untilTheEnd(World.start(WORLD_OPTIONS));
let host: CloudHost;
beforeEach(() => {
  world.renew();
  host = new CloudHost(world);
});

const callVault = (configuration: unknown) => host.downstreamApi(configuration).callApiForApp('AzureKeyVault');

test.each(['MTLS', 'PoP', 'DPoP', 'mtls-pop'])('N02, N20: the protocol scheme %s is refused', async (scheme) => {
  const configuration = directly();
  configuration.AzureKeyVault['ProtocolScheme'] = scheme;
  await expect(callVault(configuration)).rejects.toMatchObject({
    errorCode: 'invalid_configuration',
  });
  expect(world.emulator.journal).toHaveLength(0);
});

test.each([
  ['no ClientCredentials', undefined],
  ['none at all', []],
  [
    'a certificate from a store only',
    [{ SourceType: 'StoreWithDistinguishedName', CertificateDistinguishedName: 'CN=x' }],
  ],
  ['a secret only', [{ SourceType: 'ClientSecret', ClientSecret: 'hush' }]],
  ['an assertion from a file only', [{ SourceType: 'SignedAssertionFilePath' }]],
])('N09, N10: with %s there is nothing to bind a token to', async (_name, credentials) => {
  const configuration = federated();
  Object.assign(configuration.AzureAd, { ClientCredentials: credentials });
  const error = await rejection(callVault(configuration));
  expect(error).toMatchObject({ errorCode: 'bound_credential_missing' });
  expect(String(error)).not.toContain('hush');
  expect(world.emulator.journal).toHaveLength(0);
});

test('N10: without AzureAd and without a managed identity there is nothing to bind a token to', async () => {
  const { AzureKeyVault } = federated();
  const api = host.downstreamApi({ AzureKeyVault });
  await expect(api.callApiForApp('AzureKeyVault')).rejects.toMatchObject({ errorCode: 'bound_credential_missing' });
});

test('N24: a bearer token without any usable credential is refused as such', async () => {
  const { AzureKeyVault } = federated();
  const api = host.downstreamApi({ AzureKeyVault: { ...AzureKeyVault, ProtocolScheme: undefined } });
  await expect(api.callApiForApp('AzureKeyVault')).rejects.toMatchObject({ errorCode: 'client_credential_missing' });
});

test('N04: a bound token on behalf of a user is refused, unless a managed identity makes the call', async () => {
  const application = federated();
  application.AzureKeyVault['RequestAppToken'] = false;
  await expect(callVault(application)).rejects.toMatchObject({
    errorCode: 'app_token_required',
  });
  expect(world.emulator.journal).toHaveLength(0);

  const identity = directly();
  identity.AzureKeyVault['RequestAppToken'] = false;
  const response = await callVault(identity);
  expect(response.status).toBe(200);
});

test.each([[['https://vault.azure.net/user_impersonation']], [[]], [['a/.default', 'b/.default']], [undefined]])(
  'the scopes %j are refused before any I/O',
  async (scopes) => {
    const configuration = directly();
    configuration.AzureKeyVault['Scopes'] = scopes;
    await expect(callVault(configuration)).rejects.toMatchObject({
      errorCode: 'invalid_scope',
    });
    expect(world.emulator.journal).toHaveLength(0);
  },
);

test.each([
  'http://contoso.vault.azure.net/',
  'http://localhost/',
  'https://user:hush@contoso.vault.azure.net/',
  'https://contoso.vault.azure.net/?x=1',
  'nonsense',
  undefined,
])('the base URL %s is refused', async (BaseUrl) => {
  const configuration = directly();
  configuration.AzureKeyVault['BaseUrl'] = BaseUrl;
  const error = await rejection(callVault(configuration));
  expect(error).toMatchObject({ errorCode: 'invalid_configuration' });
  expect(String(error)).not.toContain('hush');
});

test.each(['//evil.example/x', '\\\\evil.example/x', '/https://evil.example', '@evil.example/', ':8443/x'])(
  'the relative path %j stays at the host of the base URL',
  async (RelativePath) => {
    await host.downstreamApi(directly()).callApiForApp('AzureKeyVault', { RelativePath });
    expect(host.platform.origins.at(-1)).toBe('https://contoso.vault.azure.net');
  },
);

test.each([
  ['RequestAppToken', 'perhaps'],
  ['Scopes', 'https://vault.azure.net/.default'],
  ['MinStrength', 'Bearer'],
  ['WithAttestationSupport', 1],
  ['AcquireTokenOptions', 'none'],
  ['HttpMethod', 'GET /'],
  ['ExtraHeaderParameters', { 'x-a': 1 }],
])('the value of %s is checked: %j is refused with its name', async (name, value) => {
  const configuration = directly();
  configuration.AzureKeyVault[name] = value;
  await expect(callVault(configuration)).rejects.toMatchObject({
    errorCode: 'invalid_configuration',
    errorMessage: expect.stringContaining(`AzureKeyVault:${name}`) as string,
  });
});

test('a section that is not there, names that differ in case only, and a missing tenant or client id are told apart', async () => {
  const invalid = { errorCode: 'invalid_configuration' };
  await expect(host.downstreamApi(directly()).callApiForApp('Elsewhere')).rejects.toMatchObject(invalid);
  await expect(host.downstreamApi(directly()).callApiForApp(undefined as never)).rejects.toMatchObject({
    ...invalid,
    errorMessage: 'The name of an API must be a string.',
  });
  expect(() => host.downstreamApi({ a: 1, A: 2 })).toThrow(expect.objectContaining(invalid) as Error);
  expect(() => host.downstreamApi([])).toThrow(expect.objectContaining(invalid) as Error);
  const tenantless = federated();
  Reflect.deleteProperty(tenantless.AzureAd, 'TenantId');
  await expect(callVault(tenantless)).rejects.toMatchObject({
    errorCode: 'missing_tenanted_authority',
  });
  const nameless = federated();
  Reflect.deleteProperty(nameless.AzureAd, 'ClientId');
  await expect(callVault(nameless)).rejects.toMatchObject(invalid);
});

test('a nested section is named with a colon', async () => {
  const { AzureKeyVault } = directly();
  const response = await host
    .downstreamApi({ DownstreamApis: { AzureKeyVault } })
    .callApiForApp('DownstreamApis:azureKeyVault');
  expect(response.status).toBe(200);
});
