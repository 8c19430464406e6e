/** One call of createMtlsFetch after the other: which token each of them carries, and who hears of it. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ManagedIdentityApplication } from 'core/index.js';
import type { MtlsPopRequestParams } from 'core/public-types.js';
import { boundFetch } from '../support/bound-fetch.js';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { requestsOf } from '../support/journal.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const world = await untilTheEnd(World.start());
let app: ManagedIdentityApplication;
let call: () => Promise<unknown>;

beforeEach(() => {
  world.renew();
  app = world.application();
  call = callsOf(app);
});

function callsOf(application: ManagedIdentityApplication): () => Promise<unknown> {
  const { handshake } = world.emulator.resources;
  const fetch = boundFetch(application, handshake);
  return async () => (await fetch(`${handshake}/things`)).json();
}

const tokensSent = () =>
  requestsOf(world.emulator, 'resource').map(({ headers, clientCertificateS256 }) => ({
    authorization: headers['authorization'],
    clientCertificateS256,
  }));

/** Makes two calls with something between them: what they carried. */
async function around(change: () => unknown): Promise<ReturnType<typeof tokensSent>> {
  await call();
  await change();
  await call();
  return tokensSent();
}

describe('the token of the call before', () => {
  test('is carried again while the application would serve it again', async () => {
    const [first, second] = await around(() => undefined);
    expect(second).toEqual(first);
    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 1 });
  });

  test('is replaced in the background when it is due, and then no longer carried', async () => {
    world.emulator.fault('token', [{ patch: { refresh_in: 3_600 } }]);
    await call();
    world.clock.advance(HOUR_MS);
    const refreshed = nextBackgroundWork('token-refresh');
    await call();
    await refreshed;
    await call();

    const [first, second, third] = tokensSent();
    expect(second).toEqual(first);
    expect(third?.authorization).not.toBe(first?.authorization);
  });

  test('is not carried when it is about to expire', async () => {
    const [first, second] = await around(() => world.clock.advance(DAY_MS));
    expect(second?.authorization).not.toBe(first?.authorization);
  });

  test('is not carried when the cache was cleared', async () => {
    const [first, second] = await around(() => app.clearCache());
    expect(second?.clientCertificateS256).not.toBe(first?.clientCertificateS256);
  });

  test('is not carried when somebody else acquired another one', async () => {
    const { handshake } = world.emulator.resources;
    const [first, second] = await around(() =>
      app.acquireToken(softwareRequest({ resource: handshake, forceRefresh: true })),
    );
    expect(second?.authorization).not.toBe(first?.authorization);
  });

  test('has its certificate renewed when that is due', async () => {
    world.emulator.fault('token', [{ patch: { expires_in: 6 * 86_400 } }]);
    await call();
    world.clock.advance(5 * DAY_MS);
    const renewed = nextBackgroundWork('certificate-renewal');
    await call();
    await renewed;
    expect(world.requests().issuecredential).toBe(2);
  });
});

describe('whoever watches hears of each call', () => {
  test('the log names each with a correlation id of its own', async () => {
    const lines: string[] = [];
    const logger = { logLevel: 3, loggerCallback: (_level: number, line: string) => void lines.push(line) };
    call = callsOf(world.application({ system: { loggerOptions: logger } }));
    await around(() => undefined);

    const ids = lines.flatMap((line) => /resource: GET .*\(([-0-9a-f]{36})\)/.exec(line)?.[1] ?? []);
    expect(new Set(ids).size).toBe(2);
    expect(lines.filter((line) => line.includes('from the cache'))).toHaveLength(1);
  });

  test.each(['msal-mi-core:acquired', 'tracing:msal-mi-core:acquireToken:asyncEnd'])(
    '%s has an event for each',
    async (name) => {
      await call();
      let events = 0;
      const heard = () => (events += 1);
      subscribe(name, heard);
      try {
        await call();
        await call();
      } finally {
        unsubscribe(name, heard);
      }
      expect(events).toBe(2);
    },
  );

  test('a function put in the place of acquireToken is called each time', async () => {
    await call();
    const acquireToken = app.acquireToken.bind(app);
    let calls = 0;
    app.acquireToken = ((request: MtlsPopRequestParams) => {
      calls += 1;
      return acquireToken(request);
    }) as typeof app.acquireToken;
    await call();
    await call();
    expect(calls).toBe(2);
  });
});

test('a call whose signal is aborted sends nothing, with a token at hand', async () => {
  await call();
  const { handshake } = world.emulator.resources;
  const fetch = boundFetch(app, handshake);
  await fetch(`${handshake}/things`);
  const reason = new Error('not any more');
  await expect(fetch(`${handshake}/things`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(tokensSent()).toHaveLength(2);
});
