/** In whose name work is done: traces and logs go by the AsyncLocalStorage context it runs in. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const HOUR_MS = 3_600_000;
const BACKGROUND = 'msal-mi-core:background';
const requests = new AsyncLocalStorage<string>();

const world = await untilTheEnd(
  World.start({
    tokenLifetimeSeconds: 40 * 3_600,
    refreshInSeconds: 3 * 3_600,
    certificateLifetimeSeconds: 60 * 3_600,
  }),
);
beforeEach(() => world.renew());

/** The requests in whose contexts something was told to diagnostics or to the log, while `work` ran. */
async function contextsDuring(work: (onLog: () => void) => Promise<unknown>): Promise<Set<string | undefined>> {
  const seen = new Set<string | undefined>();
  const onEvent = () => void seen.add(requests.getStore());
  const channels = ['tracing:msal-mi-core:token:start', 'tracing:msal-mi-core:issuecredential:start', BACKGROUND];
  for (const channel of channels) subscribe(channel, onEvent);
  await work(onEvent);
  for (const channel of channels) unsubscribe(channel, onEvent);
  return seen;
}

test('what a request waits for runs in that request', async () => {
  const contexts = await contextsDuring(async () =>
    requests.run('a request', () => world.application().acquireToken(softwareRequest())),
  );
  expect(contexts).toEqual(new Set(['a request']));
});

test.each([
  ['token-refresh', 4 * HOUR_MS, 'token'],
  ['certificate-renewal', 34 * HOUR_MS, 'getplatformmetadata'],
] as const)('%s in the background runs in no request, whether it succeeds or fails', async (work, ageMs, leg) => {
  for (const isFailing of [false, true]) {
    const contexts = await contextsDuring(async (onLog) => {
      world.renew();
      // The line about the token that the request itself was given is the request's.
      const loggerCallback = (_level: number, line: string) => line.includes(' from the cache, ') || onLog();
      const application = world.application({ system: { loggerOptions: { loggerCallback } } });
      await application.acquireToken(softwareRequest());
      world.clock.advance(ageMs);
      if (isFailing) world.emulator.fault(leg, Array<{ status: number }>(9).fill({ status: 400 }));
      const ended = nextBackgroundWork(work);
      await requests.run('a request', () => application.acquireToken(softwareRequest()));
      expect(await ended).toMatchObject({ status: isFailing ? 'error' : 'end' });
    });
    expect(contexts).toEqual(new Set([undefined]));
  }
});
