/** Nothing that works is given up before there is something better (D17, D18, D22, D23, D26). */
import type { Fault } from 'msal-mi-emulator';
import { createSharedState } from 'core/cache/shared-state.js';
import { ManagedIdentityApplication } from 'core/client.js';
import { IsolatedPlatform, MemoryCertificateStore } from '../support/isolated-platform.js';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { boundClient, countedAssertion, GRAPH_SCOPES } from '../support/fic.js';
import { formOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, withEnvironment, World } from '../support/world.js';

const MINUTE_MS = 60_000;
const GOOD = softwareRequest({ resource: 'https://good.example' });
const BAD = softwareRequest({ resource: 'https://bad.example' });
const FORCED = softwareRequest({ forceRefresh: true });

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

function refusal(code: number, error = 'invalid_client'): Fault {
  return { oauthError: { error, error_description: `AADSTS${code}: refused.`, error_codes: [code] } };
}
const times = (count: number, fault: Fault) => Array.from({ length: count }, () => fault);
const mints = () => requestsOf(world.emulator, 'issuecredential').length;

describe('a certificate that is refused twice', () => {
  test('rule D22: one audience that is refused costs the others nothing', async () => {
    const application = world.application();
    const good = await application.acquireToken(GOOD);
    world.emulator.reset();
    world.emulator.fault('token', times(9, { ...refusal(7000229), audience: BAD.resource }));
    for (let i = 0; i < 5; i++) {
      expect(await rejection(application.acquireToken(BAD))).toMatchObject({ aadstsCode: '7000229' });
      expect((await application.acquireToken(GOOD)).accessToken).toBe(good.accessToken);
      while (world.state.flights.size > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 6 });
    expect((await application.acquireToken({ ...GOOD, forceRefresh: true })).accessToken).not.toBe(good.accessToken);
  });

  test('rule D22: healing of that audience pauses for 5 minutes, doubling to an hour, until it gets a token', async () => {
    const application = world.application();
    /** How many certificates a call costs that is refused so often. */
    const cost = async (refusals: number) => {
      world.emulator.reset();
      world.emulator.fault('token', times(refusals, refusal(1000901)));
      await rejection(application.acquireToken(BAD));
      return mints();
    };
    await application.acquireToken(GOOD);
    expect(await cost(2)).toBe(1);
    for (const minutes of [5, 10, 20, 40, 60, 60]) {
      world.clock.advance(minutes * MINUTE_MS - 1);
      expect(await cost(1)).toBe(0);
      world.clock.advance(1);
      expect(await cost(2)).toBe(1);
    }
    world.emulator.reset();
    await application.acquireToken(BAD);
    world.state.tokens.deleteWhere(() => true);
    expect(await cost(2)).toBe(1);
    world.clock.advance(5 * MINUTE_MS);
    expect(await cost(2)).toBe(1);
  });

  test('rule D22: while it pauses, others are healed', async () => {
    const application = world.application();
    world.emulator.fault('token', times(2, refusal(1000901)));
    await rejection(application.acquireToken(BAD));
    world.emulator.reset();
    world.emulator.fault('token', times(1, refusal(1000901)));
    await expect(application.acquireToken(GOOD)).resolves.toMatchObject({ fromCache: false });
    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 2 });
  });

  test('rule D22: while it pauses, the audience costs one token request a call and no certificate', async () => {
    const application = world.application();
    world.emulator.fault('token', times(2, refusal(1000901)));
    await rejection(application.acquireToken(BAD));
    world.emulator.reset();
    world.emulator.fault('token', times(3, refusal(1000901)));
    for (let i = 0; i < 3; i++) await rejection(application.acquireToken(BAD));
    expect(world.requests()).toMatchObject({ metadata: 0, issuecredential: 0, token: 3 });
  });
});

describe('a certificate whose successor cannot be had', () => {
  test('rule D22: stays in use, with its tokens, and the first failure is thrown', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    const good = await application.acquireToken(GOOD);
    world.emulator.fault('token', [refusal(1000901, 'invalid_request')]);
    world.emulator.fault('getplatformmetadata', [{ status: 503 }]);
    const error = await rejection(application.acquireToken(BAD));
    expect(error).toMatchObject({ errorCode: 'invalid_request', aadstsCode: '1000901', stage: 'token' });
    expect(error.message).toContain('managed_identity_request_failed');

    const kept = await application.acquireToken(GOOD);
    expect([kept.fromCache, kept.accessToken]).toEqual([true, good.accessToken]);
    const next = await application.acquireToken(BAD);
    expect(next.bindingCertificate.x5tS256).toBe(good.bindingCertificate.x5tS256);
  });

  test('rule D22: after a second try costs one mint for each pause: 1 s, doubling to 5 min', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    const good = await application.acquireToken(GOOD);
    /** How many mints calls cost that are refused. */
    const cost = async () => {
      world.emulator.reset();
      world.emulator.fault('token', times(3, refusal(1000901)));
      world.emulator.fault('getplatformmetadata', times(3, { status: 503 }));
      for (let calls = 0; calls < 3; calls += 1)
        expect(await rejection(application.acquireToken(BAD))).toMatchObject({ aadstsCode: '1000901' });
      expect(world.requests()).toMatchObject({ token: 3, issuecredential: 0 });
      return world.requests().metadata;
    };
    expect(await cost()).toBe(2);
    for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
      world.clock.advance(seconds * 1_000 - 1);
      expect(await cost()).toBe(0);
      world.clock.advance(1);
      expect(await cost()).toBe(1);
    }
    world.emulator.reset();
    world.clock.advance(5 * MINUTE_MS);
    world.emulator.fault('token', [refusal(1000901)]);
    expect((await application.acquireToken(BAD)).bindingCertificate.x5tS256).not.toBe(good.bindingCertificate.x5tS256);
  });

  test('rule D22: a caller who leaves meanwhile is not a failure to be had: the next one is healed at once', async () => {
    const application = world.application();
    await application.acquireToken(GOOD);
    for (let left = 0; left < 3; left += 1) {
      world.emulator.reset();
      world.emulator.fault('token', [refusal(1000901)]);
      world.emulator.fault('issuecredential', [{ delayMs: 60_000 }]);
      const caller = new AbortController();
      const reason = new Error('the caller left');
      const call = application.acquireToken({ ...BAD, signal: caller.signal }).catch((error: unknown) => error);
      while (requestsOf(world.emulator, 'metadata').length === 0) await new Promise((resolve) => setImmediate(resolve));
      caller.abort(reason);
      expect(await call).toBe(reason);
    }
    world.emulator.reset();
    world.emulator.fault('token', [refusal(1000901)]);
    await expect(application.acquireToken(BAD)).resolves.toMatchObject({ fromCache: false });
  });

  test('rule D26: a refresh that fails in this way takes nothing from the caller', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    world.emulator.fault('token', [{ patch: { refresh_in: 60 } }]);
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(10 * MINUTE_MS);
    world.emulator.fault('token', times(9, { reset: 'handshake' }));
    world.emulator.fault('getplatformmetadata', times(9, { status: 503 }));
    for (let i = 0; i < 3; i++) {
      const failed = nextBackgroundWork('token-refresh');
      const served = await application.acquireToken(softwareRequest());
      expect([served.fromCache, served.accessToken]).toEqual([true, first.accessToken]);
      expect((await failed).status).toBe('error');
      world.clock.advance(10 * MINUTE_MS);
    }
  });
});

describe('what the connection may be to blame for', () => {
  test('rule D22: a replacement is not replaced for it within 10 minutes', async () => {
    const application = world.application();
    world.clock.setWallClockBy(-60 * MINUTE_MS);
    await application.acquireToken(GOOD);
    world.emulator.fault('token', [{ reset: 'handshake', tlsAlert: 'bad_certificate' }]);
    const replaced = await application.acquireToken({ ...GOOD, forceRefresh: true });
    expect(mints()).toBe(2);

    world.clock.advance(10 * MINUTE_MS - 1);
    world.emulator.fault('token', [{ reset: 'before-response' }]);
    expect(await rejection(application.acquireToken(BAD))).toMatchObject({ stage: 'token', retryable: true });
    const kept = await application.acquireToken(GOOD);
    expect([kept.fromCache, kept.accessToken]).toEqual([true, replaced.accessToken]);
    expect(mints()).toBe(2);

    world.clock.advance(1);
    world.emulator.fault('token', [{ reset: 'handshake', tlsAlert: 'bad_certificate' }]);
    await application.acquireToken(BAD);
    expect(mints()).toBe(3);
  });

  test('rule D22: what the service says about a young replacement counts all the same', async () => {
    const application = world.application();
    world.emulator.fault('token', [{ reset: 'handshake', tlsAlert: 'bad_certificate' }]);
    await application.acquireToken(GOOD);
    world.emulator.fault('token', [refusal(1000901)]);
    await application.acquireToken(BAD);
    expect(mints()).toBe(3);
  });
});

test('rule D22: an identity that was made anew heals once', async () => {
  const application = world.application();
  await application.acquireToken(GOOD);
  world.emulator.fault('token', [refusal(700016, 'unauthorized_client')]);
  await expect(application.acquireToken(BAD)).resolves.toMatchObject({ fromCache: false });
  expect(mints()).toBe(2);
});

describe('many processes', () => {
  /** Processes of one machine: a state each, one key and one certificate store. */
  function processes(count: number) {
    const store = new MemoryCertificateStore();
    const platform = new IsolatedPlatform(store);
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: world.emulator.imdsUrl };
    const system = { ca: world.emulator.ca };
    const applications = Array.from({ length: count }, () =>
      withEnvironment(
        env,
        () => new ManagedIdentityApplication({ system }, { state: createSharedState(), platform, clock: world.clock }),
      ),
    );
    return { store, applications };
  }

  test('rule D18: eight that hold the same refused certificate cause one mint, and all get a token', async () => {
    const { store, applications } = processes(8);
    for (const application of applications) await application.acquireToken(softwareRequest());
    expect(mints()).toBe(1);
    const bystander = store.certificates[0];
    world.emulator.reset();
    world.emulator.fault('token', times(8, refusal(1000901)));
    const results = await Promise.all(applications.map((application) => application.acquireToken(FORCED)));

    expect(mints()).toBe(1);
    const [thumbprint, ...others] = new Set(results.map((result) => result.bindingCertificate.x5tS256));
    expect([thumbprint === bystander, others]).toEqual([false, []]);
    expect(store.certificates).toEqual([thumbprint]);
  });
});

describe('federated credentials obey the same', () => {
  const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;
  const OTHER = { ...BOUND, scopes: ['https://vault.azure.net/.default'] };
  const secondLegs = () => requestsOf(world.emulator, 'token').filter((entry) => 'client_assertion' in formOf(entry));

  async function warm() {
    const app = world.application({ system: { disableInternalRetries: true } });
    const client = boundClient(world, { auth: { clientAssertion: countedAssertion(app).callback } });
    const other = await client.acquireTokenByClientCredential(OTHER);
    const direct = await app.acquireToken(GOOD);
    world.emulator.reset();
    return { app, client, other, direct };
  }

  test('rule D31: a second leg that is refused twice costs the other audiences and the identity nothing', async () => {
    const { app, client, other, direct } = await warm();
    world.emulator.fault('token', times(2, { ...refusal(7000214), audience: 'https://graph.microsoft.com' }));
    await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({ aadstsCode: '7000214' });
    expect(mints()).toBe(1);
    expect((await app.acquireToken(GOOD)).accessToken).toBe(direct.accessToken);

    world.emulator.reset();
    world.emulator.fault('token', times(9, refusal(7000214)));
    await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({ aadstsCode: '7000214' });
    expect([mints(), secondLegs().length]).toEqual([0, 1]);
    expect(other.fromCache).toBe(false);
  });

  test('rule D31: when no other certificate can be had, the refusal of the second leg is what is thrown', async () => {
    const { app, client, other, direct } = await warm();
    world.emulator.fault('token', [refusal(7000214)]);
    world.emulator.fault('getplatformmetadata', times(9, { status: 503 }));
    const error = await rejection(client.acquireTokenByClientCredential(BOUND));
    expect(error).toMatchObject({ errorCode: 'invalid_client', aadstsCode: '7000214', stage: 'token' });
    expect(error.message).toContain('managed_identity_request_failed');

    world.emulator.reset();
    const kept = await client.acquireTokenByClientCredential(OTHER);
    expect([kept.fromCache, kept.accessToken]).toEqual([true, other.accessToken]);
    expect((await app.acquireToken(GOOD)).accessToken).toBe(direct.accessToken);
  });

  test('rule D31: a refresh of the second leg pauses after it failed', async () => {
    const { client } = await warm();
    world.emulator.fault('token', [{ patch: { refresh_in: 60 } }]);
    await client.acquireTokenByClientCredential(BOUND);
    world.clock.advance(10 * MINUTE_MS);
    world.emulator.reset();
    world.emulator.fault('token', times(99, refusal(500011, 'invalid_resource')));
    for (let i = 0; i < 20; i++) {
      const failed = i === 0 ? nextBackgroundWork('token-refresh') : undefined;
      expect((await client.acquireTokenByClientCredential(BOUND)).fromCache).toBe(true);
      await failed;
    }
    expect(secondLegs()).toHaveLength(1);
  });
});
