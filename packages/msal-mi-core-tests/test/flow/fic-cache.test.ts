/** What an application with a federated credential keeps, shares and refreshes. */
import { subscribe } from 'node:diagnostics_channel';
import { boundClient, countedAssertion, exchanges, GRAPH_SCOPES } from '../support/fic.js';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;
const BEARER = { scopes: GRAPH_SCOPES } as const;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

test('M07: the second call comes from the cache: the callback is asked once, the network not at all', async () => {
  const { callback, calls } = countedAssertion(world.application());
  const client = boundClient(world, { auth: { clientAssertion: callback } });
  const first = await client.acquireTokenByClientCredential(BOUND);
  world.emulator.reset();
  const second = await client.acquireTokenByClientCredential(BOUND);

  expect(second).toMatchObject({ fromCache: true, accessToken: first.accessToken, binding: first.binding });
  expect(calls).toHaveLength(2);
  expect(world.emulator.journal).toHaveLength(0);
});

test('M07: instances of one process share tokens', async () => {
  const first = await boundClient(world).acquireTokenByClientCredential(BOUND);
  const second = await boundClient(world).acquireTokenByClientCredential(BOUND);
  expect(second).toMatchObject({ fromCache: true, accessToken: first.accessToken });
});

test('M08: a forced call asks the callback once and sends one request, with one pair', async () => {
  const { callback, calls } = countedAssertion(world.application());
  const client = boundClient(world, { auth: { clientAssertion: callback } });
  const first = await client.acquireTokenByClientCredential(BOUND);
  const second = await client.acquireTokenByClientCredential({ ...BOUND, skipCache: true });

  expect(second.fromCache).toBe(false);
  expect(second.accessToken).not.toBe(first.accessToken);
  expect(second.binding).toBe(first.binding);
  expect(calls).toHaveLength(2);
  expect(exchanges(world)).toMatchObject({ first: { length: 1 }, second: { length: 2 } });
});

test('rule D27: concurrent equal calls send one request of each leg', async () => {
  const client = boundClient(world);
  const results = await Promise.all(Array.from({ length: 20 }, () => client.acquireTokenByClientCredential(BOUND)));

  expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
  expect(exchanges(world)).toMatchObject({ first: { length: 1 }, second: { length: 1 } });
});

test('rule D26: a token that is due for refresh is served at once and refreshed in the background', async () => {
  const client = boundClient(world);
  world.emulator.fault('token', [{ patch: { refresh_in: null } }, { patch: { refresh_in: 3600 } }]);
  const first = await client.acquireTokenByClientCredential(BOUND);
  expect(first.refreshOn?.getTime()).toBe(world.clock.now() + 3_600_000);

  const refreshed = new Promise((resolve) => subscribe('msal-mi-core:background', resolve));
  world.clock.advance(2 * 3_600_000);
  const stale = await client.acquireTokenByClientCredential(BOUND);
  expect(stale).toMatchObject({ fromCache: true, accessToken: first.accessToken });
  expect(await refreshed).toMatchObject({ work: 'token-refresh', status: 'end' });
  const renewed = await client.acquireTokenByClientCredential(BOUND);
  expect(renewed.fromCache).toBe(true);
  expect(renewed.accessToken).not.toBe(first.accessToken);
});

test('M21: claims of a challenge bypass the cache and keep the certificate', async () => {
  const client = boundClient(world);
  const first = await client.acquireTokenByClientCredential(BOUND);
  const claims = '{"access_token":{"acrs":{"value":"c1"}}}';
  const second = await client.acquireTokenByClientCredential({ ...BOUND, claims });

  expect(second.fromCache).toBe(false);
  expect(second.binding).toBe(first.binding);
  expect(world.requests().issuecredential).toBe(1);
});

test('M24: claims of the client are part of the cache key, and blank ones are none', async () => {
  const client = boundClient(world);
  const claimsFromClient = '{"access_token":{"acrs":{"value":"c1"}}}';
  await client.acquireTokenByClientCredential(BOUND);
  const other = await client.acquireTokenByClientCredential({ ...BOUND, claimsFromClient });
  const again = await client.acquireTokenByClientCredential({ ...BOUND, claimsFromClient });
  const blank = await client.acquireTokenByClientCredential({ ...BOUND, claimsFromClient: ' ' });

  expect([other.fromCache, again.fromCache, blank.fromCache]).toEqual([false, true, true]);
  expect(jwtClaims(other.accessToken)['acrs']).toEqual(['c1']);
});

test('M23: bound and bearer tokens never serve each other', async () => {
  const client = boundClient(world);
  const bound = await client.acquireTokenByClientCredential(BOUND);
  const bearer = await client.acquireTokenByClientCredential({ ...BEARER, mtlsProofOfPossession: false });
  const again = await client.acquireTokenByClientCredential(BEARER);

  expect([bound.fromCache, bearer.fromCache, again.fromCache]).toEqual([false, false, true]);
  expect(again.accessToken).toBe(bearer.accessToken);
});
