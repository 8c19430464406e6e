/** Self-healing of the second leg (D22): one repetition, with another assertion or another certificate. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { BoundClientAssertion } from 'core/fic/client-assertion.js';
import { boundClient, countedAssertion, exchanges, GRAPH_SCOPES } from '../support/fic.js';
import { formOf } from '../support/journal.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

function refusal(code: number, error = 'invalid_client') {
  return { oauthError: { error, error_description: `AADSTS${code}: refused.`, error_codes: [code] } };
}

/** A client with a token, so that the next token request is the one of a second leg. */
async function warmClient() {
  const app = world.application();
  const { callback, calls } = countedAssertion(app);
  const client = boundClient(world, { auth: { clientAssertion: callback } });
  const first = await client.acquireTokenByClientCredential(BOUND);
  world.emulator.reset();
  calls.length = 0;
  return { app, client, calls, first };
}

const FORCED = { ...BOUND, skipCache: true } as const;

test.each([
  [700027, 'invalid_client'],
  [700024, 'invalid_client'],
  [7000274, 'invalid_request'],
])('N23: AADSTS%i brings a new assertion over the same certificate, once', async (code, error) => {
  const { client, calls, first } = await warmClient();
  world.emulator.fault('token', [refusal(code, error)]);
  const result = await client.acquireTokenByClientCredential(FORCED);

  expect(calls.map(({ refused }) => refused?.part)).toEqual([undefined, 'assertion']);
  const { first: legOne, second } = exchanges(world);
  expect([legOne.length, second.length]).toEqual([1, 2]);
  expect(formOf(second[1]!)['client_assertion']).not.toBe(formOf(second[0]!)['client_assertion']);
  expect(result.binding).toBe(first.binding);
  expect(world.requests().issuecredential).toBe(0);
});

test.each([7000214, 1000502, 7000277, 1000901, 1000612])(
  'N23: AADSTS%i brings a new certificate with a new assertion, once',
  async (code) => {
    const { client, calls, first } = await warmClient();
    world.emulator.fault('token', [refusal(code)]);
    const result = await client.acquireTokenByClientCredential(FORCED);

    expect(calls.map(({ refused }) => refused?.part)).toEqual([undefined, 'certificate']);
    expect(world.requests().issuecredential).toBe(1);
    expect(result.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    const [before, after] = exchanges(world).second;
    expect(before?.clientCertificateS256).toBe(first.bindingCertificate.x5tS256);
    expect(after?.clientCertificateS256).toBe(result.bindingCertificate.x5tS256);
  },
);

test('N23: a certificate that is refused in the TLS handshake is replaced, once', async () => {
  const { client, calls, first } = await warmClient();
  world.emulator.fault('token', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
  const result = await client.acquireTokenByClientCredential(FORCED);
  expect(calls).toHaveLength(2);
  expect(result.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
});

test('N23: the second refusal is thrown as it is', async () => {
  const { client, calls } = await warmClient();
  world.emulator.fault('token', [refusal(700027), { patch: { refresh_in: null } }, refusal(700024)]);

  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject({
    errorCode: 'invalid_client',
    aadstsCode: '700024',
  });
  expect(calls).toHaveLength(2);
  expect(exchanges(world).second).toHaveLength(2);
});

test.each([
  ['an application that is unknown', refusal(700016, 'unauthorized_client')],
  ['a federated credential that does not exist', refusal(700213)],
  ['a code that only begins like a listed one', refusal(7000275)],
])('%s is not a reason to ask for another credential', async (_name, fault) => {
  const { client, calls } = await warmClient();
  world.emulator.fault('token', [fault]);
  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject({ stage: 'token' });
  expect(calls).toHaveLength(1);
  expect(exchanges(world).second).toHaveLength(1);
});

test('a callback that returns the refused assertion again is not followed into a second request', async () => {
  const { callback } = countedAssertion(world.application());
  let kept: BoundClientAssertion | undefined;
  const clientAssertion = async (context: Parameters<typeof callback>[0]) => (kept ??= await callback(context));
  const client = boundClient(world, { auth: { clientAssertion } });
  await client.acquireTokenByClientCredential(BOUND);
  world.emulator.reset();
  world.emulator.fault('token', [refusal(700027)]);

  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject({ aadstsCode: '700027' });
  expect(exchanges(world).second).toHaveLength(1);
});

test('after a certificate was refused, no token of it is served from the cache', async () => {
  const { client } = await warmClient();
  const vault = { ...BOUND, scopes: ['https://vault.azure.net/.default'] };
  await client.acquireTokenByClientCredential(vault);
  world.emulator.fault('token', [refusal(7000214)]);
  const replaced = await client.acquireTokenByClientCredential(FORCED);

  const other = await client.acquireTokenByClientCredential(vault);
  expect(other.fromCache).toBe(false);
  expect(other.bindingCertificate.x5tS256).toBe(replaced.bindingCertificate.x5tS256);
});

test('after a certificate was refused, a callback that returns to it gets no token of it from the cache', async () => {
  const { callback } = countedAssertion(world.application());
  const [identity] = world.emulator.identities;
  const ids = { userAssignedClientId: identity!.clientId };
  const substitute = countedAssertion(world.application({ managedIdentityIdParams: ids })).callback;
  let own: BoundClientAssertion | undefined;
  const clientAssertion = async ({ refused, ...context }: Parameters<typeof callback>[0]) =>
    refused === undefined ? (own ??= await callback(context)) : substitute(context);
  const client = boundClient(world, { auth: { clientAssertion } });
  const first = await client.acquireTokenByClientCredential(BOUND);
  world.emulator.fault('token', [refusal(7000214), { patch: { refresh_in: null } }]);
  await client.acquireTokenByClientCredential(FORCED);

  const again = await client.acquireTokenByClientCredential(BOUND);
  expect(again.binding).toBe(first.binding);
  expect(again.fromCache).toBe(false);
});

test('a listed code among several is found, wherever it stands', async () => {
  const { client, calls } = await warmClient();
  const oauthError = { error: 'invalid_client', error_description: 'refused', error_codes: [50000, 700027] };
  world.emulator.fault('token', [{ oauthError }]);
  await client.acquireTokenByClientCredential(FORCED);
  expect(calls).toHaveLength(2);
});

test('a failure of the first leg is not mistaken for one of the second', async () => {
  const { client, calls, app } = await warmClient();
  app.clearCache();
  world.emulator.fault('token', [refusal(7000214, 'invalid_request')]);
  const failure = { stage: 'token', aadstsCode: '7000214' };
  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject(failure);
  expect(calls).toHaveLength(1);
  expect(exchanges(world).second).toHaveLength(0);
});

test('throttling does not block the repetition', async () => {
  const { callback } = countedAssertion(world.application());
  const other = boundClient(world, { auth: { clientAssertion: callback } });
  const throttled: unknown[] = [];
  const clientAssertion = async (context: Parameters<typeof callback>[0]) => {
    const assertion = await callback(context);
    if (context.refused === undefined) return assertion;
    // Meanwhile somebody else is told to wait, with the same request.
    world.emulator.fault('token', [{ status: 429, headers: { 'Retry-After': '60' }, body: {} }]);
    await other.acquireTokenByClientCredential(FORCED).catch((error: unknown) => throttled.push(error));
    return assertion;
  };
  const client = boundClient(world, { auth: { clientAssertion } });
  await client.acquireTokenByClientCredential(BOUND);
  world.emulator.fault('token', [refusal(700027)]);

  await expect(client.acquireTokenByClientCredential(FORCED)).resolves.toMatchObject({ fromCache: false });
  expect(throttled).toEqual([expect.objectContaining({ errorCode: 'request_throttled' })]);
});

test('rule D24: after a 429 identical requests wait, whatever their assertion', async () => {
  const { client } = await warmClient();
  world.emulator.fault('token', [{ status: 429, headers: { 'Retry-After': '60' }, body: {} }]);
  const throttled = { errorCode: 'request_throttled' };
  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject(throttled);
  await expect(client.acquireTokenByClientCredential(FORCED)).rejects.toMatchObject(throttled);
  expect(exchanges(world).second).toHaveLength(1);
  world.clock.advance(60_000);
  await expect(client.acquireTokenByClientCredential(FORCED)).resolves.toMatchObject({ fromCache: false });
});

test('the repetition is published once, with the reason and the thumbprint', async () => {
  const { client, first } = await warmClient();
  const events: unknown[] = [];
  const note = (event: unknown) => events.push(event);
  subscribe('msal-mi-core:recovery', note);
  world.emulator.fault('token', [refusal(700027)]);
  await client.acquireTokenByClientCredential(FORCED);
  unsubscribe('msal-mi-core:recovery', note);

  expect(events).toEqual([
    expect.objectContaining({
      version: 1,
      reason: 'aadsts',
      aadstsCode: '700027',
      staleThumbprint: first.bindingCertificate.x5tS256,
    }),
  ]);
});
