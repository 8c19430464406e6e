/** Where the second leg is sent, with the names of the clouds routed to the emulator. */
import type { ManagedIdentityConfiguration } from 'core/public-types.js';
import { boundClient, countedAssertion, GRAPH_SCOPES } from '../support/fic.js';
import { requestsOf } from '../support/journal.js';
import { RoutedPlatform } from '../support/routed-platform.js';
import { World } from '../support/world.js';

const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
beforeEach(() => {
  world = world.fresh();
});
afterAll(() => world.close());

/** A client of a cloud whose names lead to the emulator, and the origins its second leg asked for. */
function routedClient(login: string, routes: string[], system: ManagedIdentityConfiguration['system'] = {}) {
  const { emulator } = world;
  const platform = new RoutedPlatform(
    world.platform,
    Object.fromEntries(routes.map((route) => [`https://${route}`, emulator.tokenUrl])),
  );
  const { callback, calls } = countedAssertion(world.application());
  const auth = { authority: `https://${login}/${emulator.tenantId}`, clientAssertion: callback };
  const client = boundClient(world, { auth, system: { ca: emulator.ca, ...system } }, platform);
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

test.each([
  ['M15', 'login.usgovcloudapi.net', 'mtls_pop_not_supported_for_environment'],
  ['M15', 'sts.windows.net', 'mtls_pop_not_supported_for_environment'],
])('%s: the authority %s is refused before any request', (_id, login, errorCode) => {
  expect(() => routedClient(login, [])).toThrow(expect.objectContaining({ errorCode }) as Error);
  expect(world.emulator.journal).toHaveLength(0);
});
