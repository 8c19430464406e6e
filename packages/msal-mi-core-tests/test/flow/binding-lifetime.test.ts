/** How long a certificate is used, and when its successor is minted (D17). */
import { BindingCache, lifeOf } from 'core/cache/binding-cache.js';
import type { Binding } from 'core/model.js';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { legs, requestsOf } from '../support/journal.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { rejection } from '../support/rejection.js';
import { World, softwareRequest } from '../support/world.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FORCED = softwareRequest({ forceRefresh: true });

const world = await untilTheEnd(World.start());
/** Its certificates are issued with less than a day. */
const short = await untilTheEnd(World.start({ certificateLifetimeSeconds: 23 * 3_600, tokenLifetimeSeconds: 7_200 }));
beforeEach(() => world.renew());

/** All of whose bytes are `byte`. */
const thumbprint = (byte: number) => Buffer.alloc(32, byte).toString('base64url');

describe('24 hour rule', () => {
  /** Issued long ago, so that its life is not a short one. */
  const binding = (notAfterMs: number, x5tS256 = thumbprint(0)) =>
    ({
      certificate: { x5tS256 },
      notBeforeMs: -9 * DAY_MS,
      notAfterMs,
      usableUntilMs: notAfterMs,
      setBackMs: 0,
    }) as Binding;
  const keep = (cache: BindingCache, kept: Binding) => cache.set('k', kept, lifeOf(kept, kept.notBeforeMs), 0);

  test('I03, I04, I06: a certificate is reusable while more than 24 hours remain, at the boundary not any more', () => {
    const cache = new BindingCache();
    keep(cache, binding(DAY_MS));
    expect(cache.reusable('k', 0)).toBeUndefined();
    keep(cache, binding(DAY_MS + 60_000));
    expect(cache.reusable('k', 0)).toBeDefined();
    expect(cache.reusable('k', 59_999)).toBeDefined();
    expect(cache.reusable('k', 60_000)).toBeUndefined();
  });

  test('I08: the newer certificate counts; tokens of the one before it can still be found', () => {
    const cache = new BindingCache();
    const [first, second] = [binding(9 * DAY_MS), binding(10 * DAY_MS)];
    keep(cache, first);
    keep(cache, second);

    expect(cache.reusable('k', 0)).toBe(second);
    expect(cache.kept('k')).toMatchObject({ current: second, predecessors: [first] });
  });

  test('rule D17: one before it that has expired is not looked for any more', () => {
    const cache = new BindingCache();
    const [expired, first, second] = [binding(-1), binding(9 * DAY_MS), binding(10 * DAY_MS)];
    for (const kept of [expired, first, second]) keep(cache, kept);
    expect(cache.kept('k')).toMatchObject({ current: second, predecessors: [first] });
  });

  test('rule D23: when the latest one is forgotten, the one before it serves its tokens and gets no new ones', () => {
    const cache = new BindingCache();
    const [first, refused] = [binding(9 * DAY_MS), binding(9 * DAY_MS, thumbprint(1))];
    for (const kept of [first, refused]) keep(cache, kept);
    cache.evict(thumbprint(1));
    expect(cache.kept('k')).toMatchObject({ current: first, predecessors: [] });
    expect(cache.reusable('k', 0)).toBeUndefined();
  });

  test('I05: a kept certificate that falls under 24 hours is replaced by the next token request', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(6 * DAY_MS + HOUR_MS);
    const second = await application.acquireToken(FORCED);

    expect(legs(world.emulator)).toEqual([
      'metadata',
      'issuecredential',
      'token',
      'metadata',
      'issuecredential',
      'token',
    ]);
    expect(second.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
  });
});

describe('short certificates', () => {
  beforeEach(() => short.renew());

  test('rule D17: one that was issued with 23 hours serves calls for half of them, without another mint', async () => {
    const application = short.application();
    for (let i = 0; i < 20; i++)
      await application.acquireToken(softwareRequest({ resource: `https://${i % 2}.example` }));
    await application.acquireToken(FORCED);
    short.clock.advance(11 * HOUR_MS);
    await application.acquireToken(FORCED);
    expect(short.requests()).toMatchObject({ issuecredential: 1, token: 4 });
  });

  test('rule D17: from half of its life on it is renewed in the background while its tokens are served', async () => {
    const application = short.application();
    await application.acquireToken(softwareRequest());
    short.clock.advance(11.4 * HOUR_MS);
    const kept = await application.acquireToken(FORCED);
    short.clock.advance(80 * 60_000);
    const renewed = nextBackgroundWork('certificate-renewal');
    const served = await application.acquireToken(softwareRequest());
    expect([served.fromCache, served.accessToken]).toEqual([true, kept.accessToken]);

    expect((await renewed).status).toBe('end');
    const next = await application.acquireToken(FORCED);
    expect(next.bindingCertificate.x5tS256).not.toBe(kept.bindingCertificate.x5tS256);
    expect(short.requests().issuecredential).toBe(2);
  });

  test('rule D17: a certificate whose time for tokens ends early is renewed from half of that time on', async () => {
    const early = await World.start({ tokenNotAfter: 3 * 86_400 });
    try {
      const application = early.application();
      const first = await application.acquireToken(softwareRequest());
      early.clock.advance(1.7 * DAY_MS);
      const renewed = nextBackgroundWork('certificate-renewal');
      await application.acquireToken(FORCED);
      expect((await renewed).status).toBe('end');
      const second = await application.acquireToken(FORCED);
      expect(second.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    } finally {
      await early.close();
    }
  });

  test('rule D17: with less than a day of that time left no token is requested with it', async () => {
    const early = await World.start({ tokenNotAfter: { seconds: 3 * 86_400, as: 'utc-time', inSequence: true } });
    try {
      const application = early.application({ system: { disableInternalRetries: true } });
      const first = await application.acquireToken(softwareRequest());
      early.clock.advance(2 * DAY_MS + HOUR_MS);
      const second = await application.acquireToken(FORCED);
      expect(second.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    } finally {
      await early.close();
    }
  });

  test('rule D17: one that the clock of this host calls expired is used once, with a warning that names both times', async () => {
    let aheadMs = 0;
    const ahead = await World.start({ certificateLifetimeSeconds: 86_400, now: () => Date.now() - aheadMs });
    aheadMs = 2 * DAY_MS;
    const lines: string[] = [];
    try {
      const loggerOptions = { loggerCallback: (_level: number, message: string) => lines.push(message) };
      const application = ahead.application({ system: { loggerOptions } });
      await application.acquireToken(softwareRequest());
      await application.acquireToken(softwareRequest());
      expect(ahead.requests()).toMatchObject({ issuecredential: 2, token: 2 });
      const warnings = lines.filter((line) => line.includes('expired at'));
      expect(warnings).toHaveLength(2);
      expect(warnings[0]).toMatch(/expired at \d{4}-.*Z by the clock of this host, which says \d{4}-.*Z/);
    } finally {
      await ahead.close();
    }
  });
});

describe('when a renewal that failed is tried again', () => {
  const certificate = { x5tS256: thumbprint(0) };
  const ofAWeek = { certificate, notBeforeMs: 0, notAfterMs: 7 * DAY_MS, usableUntilMs: 7 * DAY_MS, setBackMs: 0 };
  const ofAnHour = { ...ofAWeek, notAfterMs: HOUR_MS, usableUntilMs: HOUR_MS };
  /** Minutes from one try to the next. */
  const pauseOf = (binding: object, randomValue: number) => {
    const kept = binding as Binding;
    const clock = new VirtualClock(0);
    const cache = new BindingCache();
    cache.set('k', kept, lifeOf(kept, 0), 0);
    clock.randomValue = randomValue;
    clock.advance(kept.notAfterMs / 2);
    clock.setWallClockBy(-HOUR_MS); // Changes nothing (D35).
    expect(cache.claimRenewal('k', clock)).toBe(true);
    let minutes = 0;
    for (; minutes < 200 && !cache.claimRenewal('k', clock); minutes += 0.5) clock.advance(30_000);
    return minutes;
  };

  test('rule D17: in 10 to 150 min, so that what an ill service missed does not come at once', () => {
    expect([0, 0.5, 1].map((value) => pauseOf(ofAWeek, value))).toEqual([10, 80, 150]);
  });

  test('rule D17: in a quarter of what is left of the certificate at most', () => {
    expect([0, 1].map((value) => pauseOf(ofAnHour, value))).toEqual([7.5, 7.5]);
  });
});

describe('renewal', () => {
  test.each([
    [0, 0.5],
    [0x80, 0.525],
    [0xff, 0.55],
  ])(
    'rule D17: a thumbprint that begins with %i has its certificate renewed from %d of its life on',
    (first, share) => {
      const binding = { certificate: { x5tS256: thumbprint(first) }, notBeforeMs: 0, usableUntilMs: 1_000 } as Binding;
      expect(lifeOf(binding, 0).renewAfterMs / 1_000).toBeCloseTo(share, 3);
    },
  );

  test('I43: from half of the lifetime on a call starts one renewal and does not wait for it', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(3 * DAY_MS);
    await application.acquireToken(FORCED);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(1);

    world.clock.advance(21 * HOUR_MS);
    world.emulator.reset();
    const renewed = nextBackgroundWork('certificate-renewal');
    const calls = await Promise.all([1, 2, 3].map(() => application.acquireToken(softwareRequest())));
    expect(new Set(calls.map((result) => result.bindingCertificate.x5tS256))).toEqual(
      new Set([first.bindingCertificate.x5tS256]),
    );

    expect(await renewed).toMatchObject({ work: 'certificate-renewal', status: 'end' });
    expect(legs(world.emulator).filter((leg) => leg !== 'token')).toEqual(['metadata', 'issuecredential']);
    const after = await application.acquireToken(FORCED);
    expect(after.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(1);
  });

  test('a renewal that fails is reported on diagnostics and to nobody else', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    const first = await application.acquireToken(softwareRequest());
    world.clock.advance(4 * DAY_MS);
    world.emulator.fault('getplatformmetadata', [{ status: 500 }]);
    const renewed = nextBackgroundWork('certificate-renewal');

    const second = await application.acquireToken(FORCED);
    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
    expect(await renewed).toEqual({
      version: 1,
      work: 'certificate-renewal',
      status: 'error',
      errorCode: 'managed_identity_request_failed',
    });
  });

  test('rule D17: a service that issues certificates past half of their lifetime is not asked with every call', async () => {
    let now = () => Date.now() - 4 * DAY_MS;
    const late = await World.start({ now: () => now(), tokenLifetimeSeconds: 5 * 86_400 });
    now = () => late.clock.now() - 4 * DAY_MS;
    try {
      const application = late.application();
      const renewed = nextBackgroundWork('certificate-renewal');
      await application.acquireToken(softwareRequest());
      await renewed;
      for (let i = 0; i < 3; i++) {
        await application.acquireToken(softwareRequest());
        await application.acquireToken(FORCED);
      }
      expect(late.requests()).toMatchObject({ metadata: 2, issuecredential: 2 });

      const renewedAgain = nextBackgroundWork('certificate-renewal');
      late.clock.advance(20 * 60_000);
      await application.acquireToken(softwareRequest());
      await renewedAgain;
      expect(late.requests()).toMatchObject({ metadata: 3, issuecredential: 3 });
    } finally {
      await late.close();
    }
  });
});

describe('a wall clock that is set', () => {
  const settled = async () => {
    while (world.state.flights.size > 0) await new Promise((resolve) => setImmediate(resolve));
  };

  test('rule D35: a step back keeps no certificate from being renewed', async () => {
    const application = world.application();
    await application.acquireToken(softwareRequest());
    world.clock.setWallClockBy(-2 * DAY_MS);
    world.clock.advance(3 * DAY_MS + 21 * HOUR_MS);
    const renewed = nextBackgroundWork('certificate-renewal');
    await application.acquireToken(FORCED);
    expect(await renewed).toMatchObject({ status: 'end' });
  });

  test('rule D35: a step back makes no certificate reusable for longer than it was issued for', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    await application.acquireToken(softwareRequest());
    world.clock.setWallClockBy(-2 * DAY_MS);
    world.clock.advance(6 * DAY_MS + HOUR_MS);
    world.emulator.fault('getplatformmetadata', [{ status: 403 }]);
    const error = await rejection(application.acquireToken(FORCED));
    expect(error).toMatchObject({ errorCode: 'managed_identity_request_failed', httpStatus: 403 });
  });

  test('rule D35: a step back ages no certificate that is received afterwards', async () => {
    const application = world.application();
    world.clock.setWallClockBy(-6 * DAY_MS);
    await application.acquireToken(softwareRequest());
    await application.acquireToken(FORCED);
    await settled();
    expect(world.requests()).toMatchObject({ metadata: 1, issuecredential: 1, token: 2 });
  });

  test('rule D35: the pause after a renewal that failed is of the length it has, whatever the wall clock does', async () => {
    const application = world.application({ system: { disableInternalRetries: true } });
    await application.acquireToken(softwareRequest());
    world.clock.advance(4 * DAY_MS);
    const attempts = async () => {
      world.emulator.fault('getplatformmetadata', [{ status: 403 }]);
      await application.acquireToken(FORCED);
      await settled();
      return world.requests().metadata;
    };
    expect(await attempts()).toBe(2);
    world.clock.setWallClockBy(HOUR_MS);
    expect(await attempts()).toBe(2);
    world.clock.setWallClockBy(-2 * HOUR_MS);
    world.clock.advance(10 * 60_000);
    expect(await attempts()).toBe(3);
  });
});
