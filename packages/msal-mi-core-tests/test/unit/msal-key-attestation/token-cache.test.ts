import fc from 'fast-check';
import { AttestationTokenCache, reusableUntilMs, type TokenCacheRequest } from 'attestation/token-cache.js';
import { jwtWith } from 'support/jwt.js';

const ISSUED_AT_S = 1_800_000_000;
const HOUR_S = 3600;

function world(nowMs = ISSUED_AT_S * 1000) {
  const clock = { nowMs, now: () => clock.nowMs };
  const cache = new AttestationTokenCache(clock);
  let attested = 0;
  const request = (more: Partial<TokenCacheRequest> = {}): TokenCacheRequest => ({
    endpoint: 'https://maa.example.net',
    cacheKey: 'key-1',
    keyName: 'provider|user|name',
    forceRefresh: false,
    signal: undefined,
    ...more,
  });
  const claimsAtIssue = (lifetimeS: number) => ({ iat: clock.nowMs / 1000, exp: clock.nowMs / 1000 + lifetimeS });
  return {
    clock,
    request,
    get attested() {
      return attested;
    },
    get: (more: Partial<TokenCacheRequest> = {}, claims: () => unknown = () => claimsAtIssue(HOUR_S)) =>
      cache.get(request(more), () => {
        attested += 1;
        return Promise.resolve(jwtWith({ ...(claims() as object), n: attested }));
      }),
    getWith: (attest: () => Promise<string>, more: Partial<TokenCacheRequest> = {}) =>
      cache.get(request(more), () => {
        attested += 1;
        return attest();
      }),
  };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe('when a token stops being reused', () => {
  const times = fc.record({
    receivedAtMs: fc.integer({ min: 1, max: 4_000_000_000_000 }),
    issuedAtMs: fc.option(fc.integer({ min: 1, max: 4_000_000_000_000 }), { nil: undefined }),
    lifetimeMs: fc.integer({ min: -100_000, max: 400_000_000 }),
  });

  it('is 90 % of its lifetime after its issue (or receipt), and never in the last 10 s', () => {
    fc.assert(
      fc.property(times, ({ receivedAtMs, issuedAtMs, lifetimeMs }) => {
        const fromMs = issuedAtMs ?? receivedAtMs;
        const expiresAtMs = fromMs + lifetimeMs;
        const untilMs = reusableUntilMs({ issuedAtMs, expiresAtMs }, receivedAtMs);
        if (lifetimeMs <= 0) return untilMs === -Infinity;
        return (
          untilMs <= expiresAtMs - 10_000 &&
          untilMs <= fromMs + 0.9 * lifetimeMs &&
          (untilMs === expiresAtMs - 10_000 || untilMs === fromMs + 0.9 * lifetimeMs)
        );
      }),
    );
  });

  it('is what decides whether the second call attests again, for any iat, exp and now', async () => {
    const secondCall = fc.record({
      lifetimeS: fc.integer({ min: -10, max: 90_000 }),
      skewS: fc.integer({ min: -600, max: 600 }),
      laterMs: fc.integer({ min: 0, max: 100_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(secondCall, async ({ lifetimeS, skewS, laterMs }) => {
        const w = world();
        const iat = ISSUED_AT_S + skewS;
        const claims = () => ({ iat, exp: iat + lifetimeS });
        const first = await w.get({}, claims);
        w.clock.nowMs += laterMs;
        const second = await w.get({}, claims);
        const reusable =
          lifetimeS > 0 && w.clock.nowMs < Math.min((iat + 0.9 * lifetimeS) * 1000, (iat + lifetimeS - 10) * 1000);
        expect(w.attested).toBe(reusable ? 1 : 2);
        expect(second.jwt === first.jwt).toBe(reusable);
      }),
    );
  });

  it('is one millisecond after 53 min 59.999 s for a token of one hour', async () => {
    const w = world();
    await w.get();
    w.clock.nowMs += 54 * 60_000 - 1;
    await w.get();
    expect(w.attested).toBe(1);
    w.clock.nowMs += 1;
    await w.get();
    expect(w.attested).toBe(2);
  });

  it('F33: is counted from receipt when the token does not say when it was issued', async () => {
    const w = world();
    const claims = () => ({ exp: ISSUED_AT_S + 1000 });
    await w.get({}, claims);
    w.clock.nowMs += 899_999;
    await w.get({}, claims);
    expect(w.attested).toBe(1);
    w.clock.nowMs += 1;
    await w.get({}, claims);
    expect(w.attested).toBe(2);
  });

  it('rule D35: is not put off by a wall clock that is set back', async () => {
    let elapsedMs = 1_000;
    Object.defineProperty(performance, 'now', { value: () => elapsedMs, configurable: true });
    try {
      const w = world();
      await w.get();
      w.clock.nowMs -= 8 * HOUR_S * 1000;
      elapsedMs += 54 * 60_000 - 1;
      await w.get();
      expect(w.attested).toBe(1);
      elapsedMs += 1;
      await w.get();
      expect(w.attested).toBe(2);
    } finally {
      Reflect.deleteProperty(performance, 'now'); // The prototype's is back.
    }
  });

  it('F30: is at once when the token does not say when it expires', async () => {
    const w = world();
    const { expiresOn } = await w.get({}, () => ({ iat: ISSUED_AT_S }));
    expect(expiresOn.getTime()).toBe(w.clock.nowMs);
    await w.get({}, () => ({ iat: ISSUED_AT_S }));
    expect(w.attested).toBe(2);
  });
});

describe('what the kept token is good for', () => {
  it('is the same endpoint, however it is written', async () => {
    const w = world();
    await w.get({ endpoint: 'https://maa.example.net' });
    await w.get({ endpoint: 'HTTPS://MAA.example.net:443/' });
    expect(w.attested).toBe(1);
  });

  it.each([
    ['another endpoint', { endpoint: 'https://other.example.net' }],
    ['another path', { endpoint: 'https://maa.example.net/b' }],
    ['another key', { cacheKey: 'key-2', keyName: 'provider|user|other' }],
    ['a re-created key of the same name', { cacheKey: 'key-2' }],
  ])('is not %s', async (_what, more) => {
    const w = world();
    await w.get();
    await w.get(more);
    expect(w.attested).toBe(2);
  });

  it('F36: ends when the key was re-created: the token of its former generation is dropped', async () => {
    const w = world();
    await w.get({ cacheKey: 'first' });
    await w.get({ cacheKey: 'second' });
    await w.get({ cacheKey: 'first' });
    expect(w.attested).toBe(3);
  });

  it('F34: does not end when the same key is attested at a second endpoint', async () => {
    const w = world();
    await w.get();
    await w.get({ endpoint: 'https://other.example.net' });
    await w.get();
    expect(w.attested).toBe(2);
  });

  it('F40: is nothing when the key has no identifier', async () => {
    const w = world();
    await w.get({ cacheKey: '' });
    await w.get({ cacheKey: '' });
    expect(w.attested).toBe(2);
  });

  it('is nothing any more when a new one is asked for, also when that fails', async () => {
    const w = world();
    await w.get();
    await expect(w.getWith(() => Promise.reject(new Error('down')), { forceRefresh: true })).rejects.toThrow('down');
    await w.get();
    expect(w.attested).toBe(3);
  });

  it('is bounded: the oldest of 64 makes room', async () => {
    const w = world();
    for (let n = 0; n <= 64; n += 1) await w.get({ cacheKey: `key-${n}`, keyName: `name-${n}` });
    await w.get({ cacheKey: 'key-64', keyName: 'name-64' });
    expect(w.attested).toBe(65);
    await w.get({ cacheKey: 'key-0', keyName: 'name-0' });
    expect(w.attested).toBe(66);
  });
});

describe('callers that want the same token at the same time', () => {
  it('share one attestation, 32 of them', async () => {
    const w = world();
    const tokens = await Promise.all(Array.from({ length: 32 }, () => w.get()));
    expect(w.attested).toBe(1);
    expect(new Set(tokens.map((token) => token.jwt)).size).toBe(1);
  });

  it('share one attestation also when all of them were refused the former token', async () => {
    const w = world();
    await w.get();
    await Promise.all(Array.from({ length: 32 }, () => w.get({ forceRefresh: true })));
    expect(w.attested).toBe(2);
  });

  it('share a failure, which is not kept', async () => {
    const w = world();
    const failing = () => Promise.reject(new Error('down'));
    const outcomes = await Promise.allSettled([w.getWith(failing), w.getWith(failing)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(w.attested).toBe(1);
    await w.get();
    expect(w.attested).toBe(2);
  });

  it('leave alone: an abort rejects at once with its reason and the others get their token', async () => {
    const w = world();
    const pending = deferred<string>();
    const aborter = new AbortController();
    const leaving = w.getWith(() => pending.promise, { signal: aborter.signal });
    const staying = w.getWith(() => pending.promise);
    const reason = { any: 'value' };
    aborter.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    pending.resolve(jwtWith({ iat: ISSUED_AT_S, exp: ISSUED_AT_S + HOUR_S }));
    await staying;
    await w.get();
    expect(w.attested).toBe(1);
  });

  it('leave nothing behind when all of them are gone', async () => {
    const w = world();
    const pending = deferred<string>();
    const aborter = new AbortController();
    const leaving = w.getWith(() => pending.promise, { signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(leaving).rejects.toThrow('enough');
    pending.resolve(jwtWith({ iat: ISSUED_AT_S, exp: ISSUED_AT_S + HOUR_S }));
    await new Promise(setImmediate);
    await w.get();
    expect(w.attested).toBe(2);
  });

  it('do not start an attestation when they come aborted', async () => {
    const w = world();
    await expect(w.get({ signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
    expect(w.attested).toBe(0);
  });
});
