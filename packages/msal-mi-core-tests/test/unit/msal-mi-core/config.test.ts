/** Configuration is validated, completed and frozen before anything else happens (D6, D18). */
import { parseConfiguration } from 'core/config.js';
import type { ManagedIdentityConfiguration } from 'core/public-types.js';
import { errorWith } from 'support/errors.js';

const parse = (configuration: unknown, env: Record<string, string> = {}) =>
  parseConfiguration(configuration as ManagedIdentityConfiguration, env);
const code = (errorCode: string) => errorWith({ errorCode });
const baseOf = (value: string) => parse({}, { AZURE_POD_IDENTITY_AUTHORITY_HOST: value }).imdsBase;
const identityOf = (managedIdentityIdParams: unknown) => parse({ managedIdentityIdParams }).identity;

test('nothing configured is the system-assigned identity at the well-known address, with retries', () => {
  const configuration = parse(undefined);

  expect(configuration).toMatchObject({
    identity: { kind: 'system', id: '' },
    imdsBase: 'http://169.254.169.254',
    clientCapabilities: [],
    retriesEnabled: true,
    timeoutMs: undefined,
    trustedAuthorities: [],
    persistCertificates: true,
  });
  expect(Object.isFrozen(configuration)).toBe(true);
});

describe('address of the metadata service', () => {
  test.each([
    ['http://localhost:8080', 'http://localhost:8080'],
    ['  http://localhost:8080/  ', 'http://localhost:8080'],
    ['https://imds.example/', 'https://imds.example'],
    ['http://[::1]:80', 'http://[::1]'],
  ])('A23: %p means %s', (value, base) => {
    expect(baseOf(value)).toBe(base);
  });

  test('A24: a path, a query and a fragment are replaced', () => {
    expect(baseOf('http://localhost:8080/some/prefix?a=1#b')).toBe('http://localhost:8080');
  });

  test('A25: empty and blank mean the default', () => {
    expect([baseOf(''), baseOf('   ')]).toEqual(['http://169.254.169.254', 'http://169.254.169.254']);
  });

  test.each([
    'localhost:8080',
    '//host',
    'ftp://host',
    'file:///etc',
    'http://',
    'http://user@host',
    'http://u:p@host',
  ])('what is not a plain http or https URL is refused: %s', (value) => {
    expect(() => baseOf(value)).toThrow(code('invalid_managed_identity_endpoint'));
  });
});

describe('identity', () => {
  test.each([
    ['userAssignedClientId', 'client_id'],
    ['userAssignedObjectId', 'object_id'],
    ['userAssignedResourceId', 'mi_res_id'],
  ])('%s selects by %s', (name, kind) => {
    expect(identityOf({ [name]: ' an id ' })).toEqual({ kind, id: 'an id' });
  });

  test('A28: the parameters may be an instance of a class with accessors', () => {
    class Identity {
      get userAssignedClientId() {
        return 'from an accessor';
      }
    }

    expect(identityOf(new Identity())).toEqual({ kind: 'client_id', id: 'from an accessor' });
    const inherited: unknown = Object.create({ userAssignedObjectId: 'inherited' });
    expect(identityOf(inherited)).toEqual({ kind: 'object_id', id: 'inherited' });
  });

  test.each([
    [{ userAssignedClientId: 'a', userAssignedObjectId: 'b' }],
    [{ userAssignedClientId: '' }],
    [{ userAssignedClientId: ' ' }],
    [{ userAssignedObjectId: 1 }],
    [{ userAssignedResourceId: 'a\nb' }],
  ])('an identity that is not exactly one is refused: %j', (params) => {
    expect(() => identityOf(params)).toThrow(code('invalid_managed_identity_id_type'));
  });
});

test.each(['1', 'true', 'TRUE', ' True '])('persistence is switched off by %p', (value) => {
  expect(parse({}, { MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE: value }).persistCertificates).toBe(false);
});

test.each(['', '0', 'false', 'yes', '2'])('persistence stays on with %p', (value) => {
  expect(parse({}, { MSAL_MI_DISABLE_PERSISTENT_CERT_CACHE: value }).persistCertificates).toBe(true);
});

test.each([
  ['no object', 'text'],
  ['an array', []],
  ['system', { system: 1 }],
  ['clientCapabilities', { clientCapabilities: 'cp1' }],
  ['clientCapabilities', { clientCapabilities: ['cp1', ' '] }],
  ['managedIdentityIdParams', { managedIdentityIdParams: 'id' }],
  ['system.timeout', { system: { timeout: 0 } }],
  ['system.timeout', { system: { timeout: NaN } }],
  ['system.timeout', { system: { timeout: 2 ** 31 } }],
  ['system.timeout', { system: { timeout: '5' } }],
  ['system.disableInternalRetries', { system: { disableInternalRetries: 'no' } }],
  ['system.ca', { system: { ca: 'not PEM' } }],
  ['system.networkClient', { system: { networkClient: { sendGetRequestAsync() {} } } }],
  ['system.loggerOptions', { system: { loggerOptions: { loggerCallback: 'x' } } }],
  ['system.loggerOptions.logLevel', { system: { loggerOptions: { logLevel: 'info' } } }],
  ['system.loggerOptions.piiLoggingEnabled', { system: { loggerOptions: { piiLoggingEnabled: 'no' } } }],
  ['attestationProvider', { attestationProvider: 'x' }],
])('wrong configuration is refused by name: %s', (name, configuration) => {
  const refusal = expect(() => parse(configuration));
  refusal.toThrow(code('invalid_configuration'));
  if (name.includes('.')) refusal.toThrow(name);
});

test('members that msal-node knows and this library does not are ignored', () => {
  expect(() => parse({ system: { proxyUrl: 'http://proxy', protocolMode: 'x' }, cache: {} })).not.toThrow();
});

test('members that nothing reads are named, for the log', () => {
  const { unknownMembers } = parse({ cache: {}, clientCapabilities: [], system: { tracer: 1, timeout: 5 } });

  expect(unknownMembers).toEqual(['cache', 'system.tracer']);
});
