/** Who may end what: callers, deadlines and settings against work that they share (D10, D27, D28). */
import { getEventListeners } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultLeg } from 'msal-mi-emulator';
import { IsolatedPlatform, MemoryCertificateStore } from '../support/isolated-platform.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const LEGS = [
  { leg: 'getplatformmetadata', path: '/getplatformmetadata' },
  { leg: 'issuecredential', path: '/issuecredential' },
  { leg: 'token', path: '/oauth2/v2.0/token' },
] as const satisfies Array<{ leg: FaultLeg; path: string }>;
const NEVER_MS = 600_000;
/** Less than any attempt may take, so that it is the deadline that ends a call. */
const DEADLINE_MS = 15_000;

/** Calls `onArrival` as soon as the next request of a leg is there, and before it is answered. */
function onArrival({ path }: (typeof LEGS)[number], onArrived: (response: ServerResponse) => void): void {
  const onRequest = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (!request.url?.includes(path)) return;
    unsubscribe('http.server.request.start', onRequest);
    onArrived(response);
  };
  subscribe('http.server.request.start', onRequest);
}

interface SilentServer {
  readonly arrived: Promise<void>;
  /** Whether the client has gone away by now. */
  readonly isAbandoned: () => boolean;
  readonly abandoned: Promise<void>;
}

/** The next request of a leg gets no answer; tells when it is there and when its client gives up. */
function silence(leg: (typeof LEGS)[number]): SilentServer {
  world.emulator.fault(leg.leg, [{ delayMs: NEVER_MS }]);
  let isAbandoned = false;
  let onAbandoned: () => void = () => undefined;
  const abandoned = new Promise<void>((resolve) => (onAbandoned = resolve));
  const arrived = new Promise<void>((resolve) =>
    onArrival(leg, (response) => {
      response.once('close', () => {
        isAbandoned = true;
        onAbandoned();
      });
      setImmediate(resolve);
    }),
  );
  return { arrived, abandoned, isAbandoned: () => isAbandoned };
}

function caller(application = world.application()) {
  const controller = new AbortController();
  const reason = new Error('this caller left');
  const outcome = application
    .acquireToken(softwareRequest({ signal: controller.signal }))
    .catch((error: unknown) => error);
  return { leave: () => controller.abort(reason), reason, outcome };
}

test.each(LEGS)(
  'rule D10: the request to $leg goes on while one caller is left, and is cut when the last leaves',
  async (leg) => {
    const server = silence(leg);
    const [first, second] = [caller(), caller()];
    await server.arrived;
    first.leave();

    expect(await first.outcome).toBe(first.reason);
    expect(server.isAbandoned()).toBe(false);
    second.leave();
    expect(await second.outcome).toBe(second.reason);
    await server.abandoned;
  },
);

test.each(LEGS)('rule D10: a call that comes after all others have left $leg starts anew', async (leg) => {
  const server = silence(leg);
  const application = world.application();
  const gone = caller(application);
  await server.arrived;
  gone.leave();
  const late = caller(application);

  expect(await gone.outcome).toBe(gone.reason);
  expect(await late.outcome).toMatchObject({ tokenType: 'mtls_pop' });
});

test.each(LEGS)('rule D10: system.timeout ends a call that waits for $leg, and the request with it', async (leg) => {
  const server = silence(leg);
  const { outcome } = caller(world.application({ system: { timeout: DEADLINE_MS } }));
  await server.arrived;
  world.clock.advance(DEADLINE_MS);

  expect(await outcome).toMatchObject({ errorCode: 'request_timeout', retryable: true });
  await server.abandoned;
});

test.each(LEGS)("rule D28: one application's deadline on $leg leaves the calls of another one alone", async (leg) => {
  const server = silence(leg);
  const hurried = caller(world.application({ system: { timeout: DEADLINE_MS } }));
  const patient = caller();
  await server.arrived;
  world.clock.advance(DEADLINE_MS);

  expect(await hurried.outcome).toMatchObject({ errorCode: 'request_timeout' });
  expect(server.isAbandoned()).toBe(false);
  patient.leave();
  await patient.outcome;
});

test('rule D28: applications with different retry settings share no attempt', async () => {
  // The first one waits for its answer until the other one has sent its own attempt: else its retry would take that one's fault.
  world.emulator.fault('getplatformmetadata', [{ status: 500, delayMs: 500 }, { status: 500 }]);
  const [retrying, once] = [world.application(), world.application({ system: { disableInternalRetries: true } })];
  const outcomes = await Promise.all([caller(retrying).outcome, caller(once).outcome]);

  expect(outcomes[0]).toMatchObject({ tokenType: 'mtls_pop' });
  expect(outcomes[1]).toMatchObject({ errorCode: 'managed_identity_request_failed', httpStatus: 500 });
});

test.each(LEGS)('a call that comes after clearCache() does not join one that waits for $leg', async (leg) => {
  const server = silence(leg);
  const application = world.application();
  const before = caller(application);
  await server.arrived;
  application.clearCache();
  const after = caller(application);

  expect(await after.outcome).toMatchObject({ tokenType: 'mtls_pop', fromCache: false });
  expect(server.isAbandoned()).toBe(false);
  before.leave();
  expect(await before.outcome).toBe(before.reason);
  await server.abandoned;
});

test.each(LEGS)('what a call brings that waited for $leg during clearCache() is not kept', async (leg) => {
  const application = world.application();
  onArrival(leg, () => application.clearCache());
  const before = await application.acquireToken(softwareRequest());
  const after = await application.acquireToken(softwareRequest());
  const later = await application.acquireToken(softwareRequest());

  expect([before, after, later].map(({ fromCache }) => fromCache)).toEqual([false, false, true]);
  expect(after.bindingCertificate.x5tS256).not.toBe(before.bindingCertificate.x5tS256);
  expect(world.requests()).toMatchObject({ metadata: 2, issuecredential: 2, token: 2 });
});

test('what a call brings during clearCache() stays forgotten when its certificate is found in the store', async () => {
  world.renew(new IsolatedPlatform(new MemoryCertificateStore()));
  const application = world.application();
  onArrival(LEGS[2], () => application.clearCache());
  const before = await application.acquireToken(softwareRequest());
  await application.acquireToken(softwareRequest({ resource: 'https://graph.microsoft.com' }));
  const after = await application.acquireToken(softwareRequest());

  expect(after).toMatchObject({ fromCache: false });
  expect(after.bindingCertificate.x5tS256).toBe(before.bindingCertificate.x5tS256);
});

test('a certificate that is found in the store during clearCache() is not kept in memory', async () => {
  let looked = 0;
  let onFind = (): void => undefined;
  class WatchedStore extends MemoryCertificateStore {
    override async find(...args: Parameters<MemoryCertificateStore['find']>) {
      const found = await super.find(...args);
      looked += 1;
      onFind();
      return found;
    }
  }
  world.renew(new IsolatedPlatform(new WatchedStore()));
  const application = world.application();
  await application.acquireToken(softwareRequest());
  application.clearCache();
  looked = 0;
  onFind = () => application.clearCache();
  await application.acquireToken(softwareRequest());
  onFind = () => undefined;
  await application.acquireToken(softwareRequest());
  expect(looked).toBe(2);
  expect(world.requests().issuecredential).toBe(1);
});

test('what a call brings for one identity is kept when the cache of another one is cleared', async () => {
  const userAssignedClientId = world.emulator.identities[0]!.clientId;
  const application = world.application({ managedIdentityIdParams: { userAssignedClientId } });
  for (const leg of LEGS) onArrival(leg, () => world.application().clearCache());
  await application.acquireToken(softwareRequest());

  expect(await application.acquireToken(softwareRequest())).toMatchObject({ fromCache: true });
});

test('a signal that lives long collects no listeners, whatever the calls end in', async () => {
  const { signal } = new AbortController();
  const applications = [world.application(), world.application({ system: { timeout: DEADLINE_MS } })];
  for (const application of applications) {
    const ask = (resource: string) => application.acquireToken(softwareRequest({ resource, signal }));
    for (let i = 0; i < 5; i++) {
      world.emulator.fault('token', [{ status: 400 }]);
      await expect(ask(`https://failing-${i}.example.net`)).rejects.toMatchObject({ stage: 'token' });
      const { binding, accessToken } = await ask('https://graph.microsoft.com');
      const headers = { authorization: `mtls_pop ${accessToken}` };
      const response = await binding.fetch(world.emulator.resources.handshake, { headers, signal });
      expect(await response.json()).toMatchObject({ ok: true });
    }
    await application.getManagedIdentityCapabilities({ signal, refresh: true });
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
