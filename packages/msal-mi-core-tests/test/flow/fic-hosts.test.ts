/** Where the second leg is sent, with the names of the clouds routed to the emulator. */
import type { ManagedIdentityConfiguration } from 'core/public-types.js';
import { boundClient, countedAssertion, GRAPH_SCOPES, exchanges } from '../support/fic.js';
import { requestsOf } from '../support/journal.js';
import { RoutedPlatform } from '../support/routed-platform.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

/** A client of a cloud whose names lead to the emulator, and the origins its second leg asked for. */
function routedClient(
  login: string,
  routes: string[],
  system: ManagedIdentityConfiguration['system'] = {},
  env: Record<string, string> = {},
) {
  const { emulator } = world;
  const platform = new RoutedPlatform(
    world.platform,
    Object.fromEntries(routes.map((route) => [`https://${route}`, emulator.tokenUrl])),
  );
  const { callback, calls } = countedAssertion(world.application());
  const auth = { authority: `https://${login}/${emulator.tenantId}`, clientAssertion: callback };
  const client = boundClient(world, { auth, system: { ca: emulator.ca, ...system } }, platform, env);
  return { client, calls, origins: platform.origins };
}

test('M10: without a region the global host is asked', async () => {
  const { client, origins } = routedClient('login.microsoftonline.com', ['mtlsauth.microsoft.com']);
  const result = await client.acquireTokenByClientCredential(BOUND);
  expect(origins).toEqual(['https://mtlsauth.microsoft.com']);
  expect(result.authority).toBe(`https://login.microsoftonline.com/${world.emulator.tenantId}/`);
});

test('M11: with a region its host is asked, and the tokens of two regions are kept apart', async () => {
  const hosts = ['westus3.mtlsauth.microsoft.com', 'mtlsauth.microsoft.com'];
  const { client, origins } = routedClient('login.microsoftonline.com', hosts);
  await client.acquireTokenByClientCredential({ ...BOUND, azureRegion: 'westus3' });
  await client.acquireTokenByClientCredential(BOUND);
  expect(origins).toEqual(hosts.map((host) => `https://${host}`));
});

test('M12: TryAutoDetect asks instance metadata once, and names the region of this host', async () => {
  const { client, origins } = routedClient('login.microsoftonline.us', ['emulator.mtlsauth.microsoftonline.us']);
  for (let i = 0; i < 2; i += 1)
    await client.acquireTokenByClientCredential({ ...BOUND, azureRegion: 'TryAutoDetect' });
  expect(origins).toEqual(['https://emulator.mtlsauth.microsoftonline.us']);
  expect(requestsOf(world.emulator, 'compute')).toHaveLength(1);
});

test.each([
  ['answers 500', { status: 500 }],
  ['does not answer', { delayMs: 600_000 }],
  ['answers something else', { body: 'no region here' }],
  ['names no region', { patch: { location: 'not a region' } }],
])('M12: the global host is asked when instance metadata %s', async (_name, fault) => {
  const { client, origins } = routedClient('login.microsoftonline.com', ['mtlsauth.microsoft.com']);
  world.emulator.fault('compute', [fault]);
  await client.acquireTokenByClientCredential({ ...BOUND, azureRegion: 'TryAutoDetect' });
  expect(origins).toEqual(['https://mtlsauth.microsoft.com']);
});

test('rule D31: a region that could not be found is asked for again after half a minute', async () => {
  const hosts = ['mtlsauth.microsoft.com', 'emulator.mtlsauth.microsoft.com'];
  const { client, origins } = routedClient('login.microsoftonline.com', hosts);
  world.emulator.fault('compute', [{ status: 500 }]);
  const request = { ...BOUND, azureRegion: 'TryAutoDetect', skipCache: true };
  for (const waitMs of [0, 29_000, 1_000, 60_000]) {
    world.clock.advance(waitMs);
    await client.acquireTokenByClientCredential(request);
  }
  expect(origins).toEqual([hosts[0], hosts[0], hosts[1], hosts[1]].map((host) => `https://${host}`));
  expect(requestsOf(world.emulator, 'compute')).toHaveLength(2);
});

describe('rule D31: MSAL_FORCE_REGION', () => {
  const FORCED = { MSAL_FORCE_REGION: 'westus3' };
  const LOGIN = 'login.microsoftonline.com';

  test.each([
    ['serves a request that names no region', {}, 'westus3.mtlsauth.microsoft.com'],
    ['gives way to the region of a request', { azureRegion: 'eastus' }, 'eastus.mtlsauth.microsoft.com'],
    ['is overridden by the word for none', { azureRegion: 'DisableMsalForceRegion' }, 'mtlsauth.microsoft.com'],
  ])('%s', async (_what, request, host) => {
    const { client, origins } = routedClient(LOGIN, [host], {}, FORCED);
    await client.acquireTokenByClientCredential({ ...BOUND, ...request });
    expect(origins).toEqual([`https://${host}`]);
  });

  test('may ask the host', async () => {
    const host = 'emulator.mtlsauth.microsoft.com';
    const { client, origins } = routedClient(LOGIN, [host], {}, { MSAL_FORCE_REGION: 'TryAutoDetect' });
    await client.acquireTokenByClientCredential(BOUND);
    expect(origins).toEqual([`https://${host}`]);
  });

  test('is refused when it cannot stand in a host name', () => {
    expect(() => routedClient(LOGIN, [], {}, { MSAL_FORCE_REGION: 'evil.example/' })).toThrow(
      expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
    );
  });
});

describe('rule D31: the tenant of a request', () => {
  test('is asked, named by the result and kept apart in the cache', async () => {
    const { client } = routedClient('login.microsoftonline.com', ['mtlsauth.microsoft.com']);
    const other = 'contoso.onmicrosoft.com';
    const own = await client.acquireTokenByClientCredential(BOUND);
    const foreign = await client.acquireTokenByClientCredential({ ...BOUND, tenantId: other });

    const { second } = exchanges(world);
    expect(second.map(({ url }) => url.split('/')[1])).toEqual([world.emulator.tenantId, other]);
    expect(own.tenantId).toBe(world.emulator.tenantId);
    expect(foreign).toMatchObject({
      fromCache: false,
      tenantId: other,
      authority: `https://login.microsoftonline.com/${other}/`,
    });
    expect(await client.acquireTokenByClientCredential(BOUND)).toMatchObject({ fromCache: true });
  });

  test.each<[unknown, string]>([
    ['common', 'missing_tenanted_authority'],
    ['Organizations', 'missing_tenanted_authority'],
    ['..', 'invalid_request'],
    ['.', 'invalid_request'],
    ['a/b', 'invalid_request'],
    ['', 'invalid_request'],
    [5, 'invalid_request'],
  ])('%j is refused before any request', async (tenantId, errorCode) => {
    const { client } = routedClient('login.microsoftonline.com', []);
    const asking = client.acquireTokenByClientCredential({ ...BOUND, tenantId: tenantId as string });
    await expect(asking).rejects.toMatchObject({ errorCode });
    expect(world.emulator.journal).toEqual([]);
  });
});

test.each([
  ['M15', 'login.usgovcloudapi.net', 'mtls_pop_not_supported_for_environment'],
  ['M15', 'sts.windows.net', 'mtls_pop_not_supported_for_environment'],
])('%s: the authority %s is refused before any request', (_id, login, errorCode) => {
  expect(() => routedClient(login, [])).toThrow(expect.objectContaining({ errorCode }) as Error);
  expect(world.emulator.journal).toHaveLength(0);
});
