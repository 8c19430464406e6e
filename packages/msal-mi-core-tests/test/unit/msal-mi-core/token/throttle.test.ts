/** Retry-After (RFC 9110 section 10.2.3) and what it blocks (D24). */
import { execFileSync } from 'node:child_process';
import { throttleKey } from 'core/cache/cache-key.js';
import { assertNotThrottled, parseRetryAfter, remember, waitAskedFor } from 'core/token/throttle.js';
import { errorWith } from 'support/errors.js';
import { VirtualClock } from 'support/virtual-clock.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');

test.each([
  ['absent', undefined, undefined],
  ['blank', ' ', undefined],
  ['seconds', '120', 120_000],
  ['seconds with a fraction', '1.5', 1_500],
  ['zero', '0', 0],
  ['more than an hour', '7200', 3_600_000],
  ['a date', 'Fri, 01 May 2026 12:01:30 GMT', 90_000],
  ['a date that has passed', 'Fri, 01 May 2026 11:00:00 GMT', 0],
  ['a far date', 'Sat, 02 May 2026 12:00:00 GMT', 3_600_000],
  ['a date of RFC 850', 'Friday, 01-May-26 12:01:30 GMT', 90_000],
  ['a date of asctime', 'Fri May  1 12:01:30 2026', 90_000],
  ['a date of asctime with its zone', 'Fri May  1 12:01:30 2026 GMT', 90_000],
  ['nonsense', 'soon', undefined],
  ['a negative number', '-1', undefined],
  ['a list', '5, 5', undefined],
  ['an exponent', '1.5e1', undefined],
  ['a duration', 'PT5S', undefined],
])('Retry-After: %s', (_what, value, expectedMs) => {
  expect(parseRetryAfter(value, NOW)).toBe(expectedMs);
});

test.each(['Pacific/Auckland', 'America/New_York'])('a date without a zone is GMT in %s too', (TZ) => {
  const throttle = new URL('../../../../../msal-mi-core/dist/token/throttle.js', import.meta.url).href;
  const program = `import { parseRetryAfter } from '${throttle}';
    console.log(parseRetryAfter('Fri May  1 12:01:30 2026', ${NOW}), new Date(${NOW}).getTimezoneOffset());`;
  // A process of its own: Node.js reads the zone when it starts.
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, TZ },
  });
  const [waitMs, offset] = String(output).trim().split(' ').map(Number);

  expect(waitMs).toBe(90_000);
  expect(offset).not.toBe(0);
});

test('identical requests are refused until the time is over, others never', () => {
  const clock = new VirtualClock(NOW);
  const throttled = new Map<string, number>();
  remember(throttled, 'a', 60_000, clock);
  const ask = (key: string) => () =>
    assertNotThrottled(throttled, key, 'https://mtlsauth.example/t/token', { clock, correlationId: 'c-1' });

  expect(ask('a')).toThrow(
    errorWith({ errorCode: 'request_throttled', retryable: true, stage: 'token', correlationId: 'c-1' }),
  );
  expect(ask('b')).not.toThrow();
  clock.advance(59_999);
  expect(ask('a')).toThrow(/another 1 s/);
  clock.advance(1);
  expect(ask('a')).not.toThrow();
  expect(throttled.size).toBe(0);
});

test('rule D35: a wall clock that is set back or forward changes no wait', () => {
  const clock = new VirtualClock(NOW);
  const throttled = new Map<string, number>();
  remember(throttled, 'a', 60_000, clock);
  const ask = () =>
    assertNotThrottled(throttled, 'a', 'https://mtlsauth.example/t/token', { clock, correlationId: 'c-1' });

  clock.setWallClockBy(86_400_000);
  expect(ask).toThrow(/another 60 s/);
  clock.setWallClockBy(-2 * 86_400_000);
  clock.advance(60_000);
  expect(ask).not.toThrow();
});

test.each([
  [429, undefined, 60_000],
  [429, 'soon', 60_000],
  [429, '5', 5_000],
  [503, '5', 5_000],
  [503, undefined, undefined],
  [400, '5', undefined],
])('rule D24: HTTP %i with Retry-After %p asks to wait %p ms', (status, value, expectedMs) => {
  const headers = value === undefined ? {} : { 'retry-after': value };
  expect(waitAskedFor({ status, headers }, NOW)).toBe(expectedMs);
});

test('the number of waits kept is bounded, and what is over goes first', () => {
  const throttled = new Map<string, number>();
  const clock = new VirtualClock(NOW);
  for (let i = 0; i < 999; i++) remember(throttled, `old ${i}`, 1_000, clock);
  remember(throttled, 'long', 60_000, clock);
  clock.advance(2_000);
  remember(throttled, 'new', 60_000, clock);

  expect([...throttled.keys()]).toEqual(['long', 'new']);
});

test('a request is identical when URL and form are, whatever the order and the assertion', () => {
  const key = (tokenUrl: string, form: string) => throttleKey({ tokenUrl, form: new URLSearchParams(form) });

  expect(key('u', 'a=1&b=2&client_assertion=x')).toBe(key('u', 'client_assertion=y&b=2&a=1'));
  expect(key('u', 'a=1')).not.toBe(key('u', 'a=2'));
  expect(key('u', 'a=1')).not.toBe(key('v', 'a=1'));
});
