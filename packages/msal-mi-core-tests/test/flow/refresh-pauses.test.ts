/** After a refresh that failed: when the next one is tried (D26). */
import type { Fault } from 'msal-mi-emulator';
import type { ManagedIdentityApplication } from 'core/client.js';
import { requestsOf } from '../support/journal.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const MINUTE_MS = 60_000;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const times = (count: number, fault: Fault) => Array.from({ length: count }, () => fault);

describe('pauses after a failed refresh', () => {
  async function dueToken(answer = {}) {
    const application = world.application({ system: { disableInternalRetries: true } });
    world.emulator.fault('token', [{ patch: { refresh_in: 60, ...answer } }]);
    await application.acquireToken(softwareRequest());
    world.clock.advance(10 * MINUTE_MS);
    world.emulator.reset();
    return application;
  }
  /** Calls every few seconds for a while; at which of them a refresh was tried. */
  async function attemptsOf(application: ManagedIdentityApplication, seconds: number, step: number): Promise<number[]> {
    const tried: number[] = [];
    for (let second = 0; second < seconds; second += step) {
      const before = requestsOf(world.emulator, 'token').length;
      expect((await application.acquireToken(softwareRequest())).fromCache).toBe(true);
      await settled();
      if (requestsOf(world.emulator, 'token').length > before) tried.push(second);
      world.clock.advance(step * 1_000);
    }
    return tried;
  }
  /** Until nothing runs in the background any more. */
  async function settled(): Promise<void> {
    while (world.state.flights.size > 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  test('rule D26: a due token and a dead endpoint cost one request for each pause: 30 s, doubling to 5 min', async () => {
    const application = await dueToken();
    world.emulator.fault('token', times(50, { status: 503 }));
    expect(await attemptsOf(application, 1_100, 10)).toEqual([0, 30, 90, 210, 450, 750, 1_050]);
  });

  test('rule D26: the service may name another pause', async () => {
    const application = await dueToken();
    world.emulator.fault('token', times(50, { status: 503, headers: { 'Retry-After': '12' } }));
    expect(await attemptsOf(application, 40, 1)).toEqual([0, 12, 24, 36]);
  });

  test.each([
    ['zero', 503, '0'],
    ['zero', 429, '0'],
    ['next to nothing', 429, '0.05'],
    ['a date gone by', 503, 'Sun, 06 Nov 1994 08:49:37 GMT'],
  ])('rule D26: %s is not a pause: HTTP %i with Retry-After %s', async (_what, status, retryAfter) => {
    const application = await dueToken();
    world.emulator.fault('token', times(50, { status, headers: { 'Retry-After': retryAfter } }));
    expect(await attemptsOf(application, 100, 5)).toEqual([0, 30, 90]);
  });

  test.each([
    ['half an hour, while a day is left', {}, { status: 503 }, 2_000, [0, 60, 1_920]],
    [
      'half an hour after what the service asked for',
      {},
      { status: 503, headers: { 'Retry-After': '12' } },
      2_000,
      [0, 12, 1_824],
    ],
    ['a twentieth of what is left of a short token', { expires_in: 3_600 }, { status: 503 }, 400, [0, 60, 267]],
    ['as long again, when that is more', { expires_in: 1_200 }, { status: 503 }, 200, [0, 60, 180]],
  ])(
    'rule D26: a fleet does not come at once, from the second failure on: up to %s',
    async (_spread, answer, fault, seconds, tried) => {
      const application = await dueToken(answer);
      world.clock.randomValue = 1;
      world.emulator.fault('token', times(50, fault));
      expect(await attemptsOf(application, seconds, 1)).toEqual(tried);
    },
  );

  test('rule D26: a refresh that works ends them', async () => {
    const application = await dueToken();
    world.emulator.fault('token', [...times(2, { status: 503 }), { patch: { refresh_in: 60 } }]);
    expect(await attemptsOf(application, 100, 5)).toEqual([0, 30, 90]);
    world.clock.advance(10 * MINUTE_MS);
    world.emulator.fault('token', times(9, { status: 503 }));
    expect(await attemptsOf(application, 100, 5)).toEqual([0, 30, 90]);
  });
});
