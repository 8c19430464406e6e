/** What others may put into names and values, by JSON or by a header, changes neither prototypes nor other headers. */
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Fault, FaultLeg } from 'msal-mi-emulator';
import { MtlsManagedIdentityCredential } from 'core/azure/index.js';
import { createDownstreamApi } from 'core/identity-web/index.js';
import {
  BoundConfidentialClient,
  createManagedIdentityAssertion,
  createMtlsFetch,
  ManagedIdentityApplication,
} from 'core/index.js';
import { instrument } from 'core/otel/index.js';
import { requireMtlsPop, type ForwardedCertificateOptions } from 'core/resource-server/index.js';
import type { ManagedIdentityIdParams, MtlsPopRequestParams } from 'core/public-types.js';
import { createAttestationProvider } from 'attestation/index.js';
import { errorWith } from '../support/errors.js';
import { createTestPki } from '../support/test-pki.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, VAULT, World } from '../support/world.js';

const INJECTION = 'value\r\nx-injected: 1';
const POLLUTION = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';

const world = await untilTheEnd(World.start());
afterEach(() => {
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each<[FaultLeg]>([['getplatformmetadata'], ['issuecredential'], ['token']])(
  'a %s answer with __proto__ in it is a typed error and changes no prototype',
  async (leg) => {
    world.renew();
    const fault: Fault = { body: POLLUTION };
    world.emulator.fault(leg, [fault, fault, fault, fault]);
    const acquired = world.application().acquireToken(softwareRequest());
    await expect(acquired).rejects.toThrow(errorWith({ errorCode: expect.stringMatching(/^\w+$/) as string }));
  },
);

test('claims with __proto__ in them arrive as they are', async () => {
  world.renew();
  await world
    .application()
    .acquireToken(softwareRequest({ claims: POLLUTION, claimsFromClient: '{"__proto__":{"b":1}}' }));
  const sent = new URLSearchParams(world.emulator.journal.find(({ leg }) => leg === 'token')?.body);
  expect(sent.get('claims')).toBe(
    '{"__proto__":{"polluted":true,"b":1},"constructor":{"prototype":{"polluted":true}}}',
  );
});

test('JSON configuration with __proto__ in it is read without it', () => {
  const configuration = JSON.parse(
    `{"Orders":{"BaseUrl":"https://orders.example/","__proto__":{"polluted":true}}}`,
  ) as object;
  expect(createDownstreamApi(configuration as Parameters<typeof createDownstreamApi>[0])).toBeDefined();
});

describe('a polluted Object.prototype', () => {
  const withoutClientId = {
    authority: 'https://login.microsoftonline.com/tenant',
    clientAssertion: () => Promise.reject(new Error('never called')),
  };
  const auth = { clientId: 'client', ...withoutClientId };
  const served = { issuer: 'issuer', audience: 'audience', jwks: () => Promise.reject(new Error('never called')) };
  const forwarded = { header: 'client-cert', format: 'client-cert', trustedProxies: ['0.0.0.0/0'] };
  const request = { resource: VAULT, mtlsProofOfPossession: true } as const;

  test.each<[string, string, unknown, (world: World) => unknown]>([
    ['a token request', 'minStrength', 0, (world) => world.application().acquireToken(request)],
    ['createMtlsFetch', 'minStrength', 0, (world) => createMtlsFetch(world.application(), { resource: VAULT })],
    [
      'createMtlsFetch',
      'allowedHosts',
      ['*.example'],
      (world) => createMtlsFetch(world.application(), { resource: VAULT }),
    ],
    ['an assertion', 'minStrength', 0, (world) => createManagedIdentityAssertion(world.application())],
    [
      'the Azure credential',
      'minStrength',
      0,
      (world) => new MtlsManagedIdentityCredential({ application: world.application() }),
    ],
    ['the configuration', 'system', { ca: 'PEM' }, () => new ManagedIdentityApplication()],
    ['its system member', 'ca', 'PEM', () => new ManagedIdentityApplication({ system: {} })],
    [
      'its identity',
      'userAssignedClientId',
      'another',
      () => new ManagedIdentityApplication({ managedIdentityIdParams: {} }),
    ],
    ['its log', 'piiLoggingEnabled', true, () => new ManagedIdentityApplication({ system: { loggerOptions: {} } })],
    ['a confidential client', 'system', { ca: 'PEM' }, () => new BoundConfidentialClient({ auth })],
    [
      'the application of a confidential client',
      'clientId',
      'another',
      () => new BoundConfidentialClient({ auth: withoutClientId as typeof auth }),
    ],
    [
      'a request of a confidential client',
      'tenantId',
      'another',
      () =>
        new BoundConfidentialClient({ auth }).acquireTokenByClientCredential({
          scopes: ['https://graph.microsoft.com/.default'],
        }),
    ],
    ['a query', 'refresh', true, (world) => world.application().getManagedIdentityCapabilities({})],
    [
      'a token of the Azure credential',
      'claims',
      '{}',
      (world) =>
        new MtlsManagedIdentityCredential({ application: world.application(), minStrength: 1 }).getToken(
          `${VAULT}/.default`,
          {},
        ),
    ],
    ['createDownstreamApi', 'system', { ca: 'PEM' }, () => createDownstreamApi({})],
    ['a resource server', 'forwardedCertificate', forwarded, () => requireMtlsPop(served)],
    [
      'its proxies',
      'trustedProxies',
      ['0.0.0.0/0'],
      () =>
        requireMtlsPop({
          ...served,
          forwardedCertificate: { header: 'client-cert', format: 'client-cert' } as ForwardedCertificateOptions,
        }),
    ],
    ['metrics', 'meterProvider', { getMeter: () => undefined }, () => instrument()],
    ['an attestation provider', 'libraryPath', 'C:\\planted.dll', () => createAttestationProvider()],
  ])('changes nothing about %s: %s is refused', async (_what, name, value, use) => {
    world.renew();
    const message = expect.stringContaining(`Object.prototype.${name}.`) as string;
    for (const how of [{ value, enumerable: true }, { value }, { get: () => value }, { value, writable: true }]) {
      Object.defineProperty(Object.prototype, name, { ...how, configurable: true });
      try {
        await expect(Promise.resolve().then(() => use(world))).rejects.toThrow(errorWith({ message }));
      } finally {
        Reflect.deleteProperty(Object.prototype, name);
      }
    }
    expect(world.emulator.journal).toEqual([]);
  });

  test.each<[string, unknown, object, string]>([
    ['token_type', 'mtls_pop', { access_token: 'opaque', expires_in: 60 }, 'token_type_missing'],
    ['access_token', 'planted', { token_type: 'mtls_pop', expires_in: 60 }, 'invalid_token_response'],
    ['expires_in', 3_600, { token_type: 'mtls_pop', access_token: 'opaque' }, 'invalid_token_response'],
  ])('puts no %s into an answer that has none', async (name, value, body, errorCode) => {
    world.renew();
    world.emulator.fault('token', [{ body: JSON.stringify(body) }]);
    Object.defineProperty(Object.prototype, name, { value, configurable: true });
    try {
      await expect(world.application().acquireToken(softwareRequest())).rejects.toThrow(errorWith({ errorCode }));
    } finally {
      Reflect.deleteProperty(Object.prototype, name);
    }
  });

  test.each(['method', 'headers', 'body'])('adds no %s to a fetch', async (name) => {
    world.renew();
    const fetchVault = createMtlsFetch(world.application(), { resource: VAULT, minStrength: 1 });
    const send = () => fetchVault('https://contoso.vault.azure.net/', {});
    for (let calls = 0; calls < 2; calls += 1) {
      Object.defineProperty(Object.prototype, name, { value: 'POST', configurable: true });
      try {
        await expect(send()).rejects.toMatchObject({
          name: 'TypeError',
          message: expect.stringContaining(`Object.prototype.${name}.`) as string,
        });
      } finally {
        Reflect.deleteProperty(Object.prototype, name);
      }
      await fetchVault('https://other.example/').catch(() => undefined); // Loads what the later calls work with.
    }
    expect(world.emulator.journal).toEqual([]);
  });
});

test.each<[string, string, Partial<MtlsPopRequestParams>, ManagedIdentityIdParams?]>([
  ['the correlation id', 'invalid_request', { correlationId: INJECTION }],
  ['the resource', 'invalid_resource', { resource: `https://${INJECTION}` }],
  ['a user-assigned id', 'invalid_managed_identity_id_type', {}, { userAssignedClientId: INJECTION }],
])('a line break in %s is refused before anything is sent', async (_where, errorCode, request, ids = {}) => {
  world.renew();
  const acquire = async () =>
    world.application({ managedIdentityIdParams: ids }).acquireToken(softwareRequest(request));
  await expect(acquire()).rejects.toThrow(errorWith({ errorCode }));
  expect(world.emulator.journal).toEqual([]);
});

test('a line break that the metadata service answers with reaches no URL, and one in a token no header', async () => {
  const credential = { client_id: 'c', certificate: 'AA==', identity_type: 'SystemAssigned' };
  const issued = (members: object): Fault => ({ body: JSON.stringify({ ...credential, ...members }) });
  const endpoint = { mtls_authentication_endpoint: 'https://mtlsauth.microsoft.com' };
  for (const [leg, fault, errorCode] of [
    ['issuecredential', issued({ tenant_id: INJECTION, ...endpoint }), 'invalid_credential'],
    [
      'issuecredential',
      issued({ tenant_id: 't', mtls_authentication_endpoint: 'https://a@b' }),
      'managed_identity_request_failed',
    ],
    [
      'token',
      { body: JSON.stringify({ token_type: 'mtls_pop', access_token: INJECTION, expires_in: 60 }) },
      'invalid_token_response',
    ],
  ] satisfies Array<[FaultLeg, Fault, string]>) {
    world.renew();
    world.emulator.fault(leg, [fault]);
    await expect(world.application().acquireToken(softwareRequest())).rejects.toThrow(errorWith({ errorCode }));
  }
});

test('binding.fetch sends no header that a value smuggles in', async () => {
  const { authority, server } = await createTestPki();
  const seen: IncomingHttpHeaders[] = [];
  const api = createServer({ ...server, ca: world.emulator.ca, requestCert: true }, (request, response) => {
    seen.push(request.headers);
    response.end();
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const origin = `https://localhost:${(api.address() as AddressInfo).port}`;
  world.renew();
  const app = world.application({ system: { ca: [world.emulator.ca, authority.pem] } });
  const { binding } = await app.acquireToken(softwareRequest({ resource: origin }));
  try {
    await expect(binding.fetch(origin, { headers: { 'x-name': INJECTION } })).rejects.toMatchObject({
      name: 'TypeError',
    });
    await expect(binding.fetch(origin, { headers: [['x-na\r\nme', '']] })).rejects.toMatchObject({ name: 'TypeError' });
    await expect(binding.fetch(origin, { method: 'GET / HTTP/1.1\r\nx: y\r\n' })).rejects.toMatchObject({
      name: 'TypeError',
    });
    expect(seen).toEqual([]);
    await binding.fetch(`${origin}/a\r\nx-injected: 1`);
    expect(seen.map((headers) => headers['x-injected'])).toEqual([undefined]);
  } finally {
    api.close();
    api.closeAllConnections();
  }
});
