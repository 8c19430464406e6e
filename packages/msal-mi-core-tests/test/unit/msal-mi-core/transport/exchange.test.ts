/** When a request is sent again, how often and after how long (D11, D24). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { TransportError, type TransportFailure } from 'core/ports.js';
import {
  IMDS_POLICY,
  IMDS_PROBE_POLICY,
  sendWithRetries,
  TOKEN_POLICY,
  type RetryPolicy,
} from 'core/transport/exchange.js';
import { VirtualClock } from 'support/virtual-clock.js';
import { testCall } from 'support/call.js';

/** A status, a status with Retry-After, or why no answer arrived. */
type Step = number | `${number} retry-after` | TransportFailure;

/** Plays the steps, the last one for ever; says what came of it and how long was waited. */
async function run(
  policy: RetryPolicy,
  steps: Step[],
  { retriesEnabled = true, signal = undefined as AbortSignal | undefined } = {},
) {
  const clock = new VirtualClock(0);
  let attempts = 0;
  const exchange = { stage: 'metadata', method: 'GET', url: 'http://imds.example/', attemptTimeoutMs: 20_000 } as const;
  const send = (): Promise<{ status: number; hasRetryAfter: boolean }> => {
    const step = steps[Math.min(attempts, steps.length - 1)]!;
    attempts += 1;
    if (typeof step === 'number') return Promise.resolve({ status: step, hasRetryAfter: false });
    const [status, retryAfter] = step.split(' ');
    return retryAfter === undefined
      ? Promise.reject(new TransportError(step as TransportFailure, 'ECODE', 'text'))
      : Promise.resolve({ status: Number(status), hasRetryAfter: true });
  };
  const outcome: unknown = await sendWithRetries(
    policy,
    exchange,
    testCall({ clock, retriesEnabled, signal }),
    send,
  ).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof TransportError ? error.failure : error),
  );
  return { outcome, attempts, waitedS: clock.slept.map((ms) => ms / 1000) };
}

describe('IMDS', () => {
  test.each<[name: string, steps: Step[], expected: Awaited<ReturnType<typeof run>>]>([
    ['two 404 and an answer', [404, 404, 200], { outcome: 200, attempts: 3, waitedS: [1, 2] }],
    [
      '410 four times and an answer',
      [410, 410, 410, 410, 200],
      { outcome: 200, attempts: 5, waitedS: [10, 10, 10, 10] },
    ],
    ['410 for ever', [410], { outcome: 410, attempts: 8, waitedS: Array<number>(7).fill(10) }],
    ['504 for ever', [504], { outcome: 504, attempts: 4, waitedS: [1, 2, 4] }],
    [
      '503, then 410: the first failure decides how often',
      [503, 410],
      { outcome: 410, attempts: 4, waitedS: [1, 10, 10] },
    ],
    [
      '410, then 503: the latest failure decides how long',
      [410, 503],
      { outcome: 503, attempts: 8, waitedS: [10, 2, 4, 4, 4, 4, 4] },
    ],
    ['no connection', ['unreachable'], { outcome: 'unreachable', attempts: 4, waitedS: [1, 2, 4] }],
    ['a lost connection, then an answer', ['connection_lost', 200], { outcome: 200, attempts: 2, waitedS: [1] }],
    ['attempts that time out', ['timeout', 'timeout', 200], { outcome: 200, attempts: 3, waitedS: [1, 2] }],
    ['an answer that is not HTTP', ['invalid_response'], { outcome: 'invalid_response', attempts: 1, waitedS: [] }],
    ['a server that is not trusted', ['untrusted_server'], { outcome: 'untrusted_server', attempts: 1, waitedS: [] }],
  ])('%s', async (_name, steps, expected) => {
    expect(await run(IMDS_POLICY, steps)).toEqual(expected);
  });

  test.each([404, 408, 410, 429, 500, 501, 503, 505, 599])('%d is tried again', async (status) => {
    expect((await run(IMDS_POLICY, [status, 200])).attempts).toBe(2);
  });

  test.each([200, 204, 301, 400, 401, 403, 405, 409, 600])('%d is final', async (status) => {
    expect((await run(IMDS_POLICY, [status])).attempts).toBe(1);
  });

  test('Retry-After changes nothing', async () => {
    expect(await run(IMDS_POLICY, ['503 retry-after', 200])).toEqual({ outcome: 200, attempts: 2, waitedS: [1] });
  });

  test('a probe takes 404 as an answer and is otherwise the same', async () => {
    expect((await run(IMDS_PROBE_POLICY, [404])).attempts).toBe(1);
    expect((await run(IMDS_PROBE_POLICY, [410])).attempts).toBe(8);
    expect((await run(IMDS_PROBE_POLICY, [500])).attempts).toBe(4);
    expect((await run(IMDS_PROBE_POLICY, [500, 404])).attempts).toBe(2);
  });
});

describe('token endpoint', () => {
  test.each<[steps: Step[], attempts: number]>([
    [[500], 2],
    [[503, 200], 2],
    [['503 retry-after'], 1],
    [['429 retry-after'], 1],
    [[429], 1],
    [[404], 1],
    [[400], 1],
    [['timeout'], 2],
    [['unreachable'], 1],
    [['connection_lost'], 1],
    [['client_certificate_rejected'], 1],
    [['untrusted_server'], 1],
  ])('%j: %d attempts', async (steps, attempts) => {
    const result = await run(TOKEN_POLICY, steps);

    expect(result.attempts).toBe(attempts);
    expect(result.waitedS).toEqual(attempts === 2 ? [1] : []);
  });
});

test.each([IMDS_POLICY, IMDS_PROBE_POLICY, TOKEN_POLICY])(
  'without retries there is exactly one attempt',
  async (policy) => {
    for (const step of [500, 410, 'timeout'] as const) {
      expect((await run(policy, [step], { retriesEnabled: false })).attempts).toBe(1);
    }
  },
);

test('an abort ends the wait with its own reason', async () => {
  const reason = new Error('the caller left');
  const clock = new VirtualClock(0, 0); // No wait elapses by itself.
  const controller = new AbortController();
  const exchange = { stage: 'token', method: 'POST', url: 'https://a.example/', attemptTimeoutMs: 20_000 } as const;
  const sending = sendWithRetries(IMDS_POLICY, exchange, testCall({ clock, signal: controller.signal }), () => {
    setImmediate(() => controller.abort(reason));
    return Promise.resolve({ status: 500, hasRetryAfter: false });
  });

  await expect(sending).rejects.toBe(reason);
});

test('every retry is published with its cause and delay', async () => {
  const events: unknown[] = [];
  const listen = (event: unknown) => events.push(event);
  subscribe('msal-mi-core:retry', listen);
  await run(IMDS_POLICY, [500, 'connection_lost', 200]);
  unsubscribe('msal-mi-core:retry', listen);

  expect(events).toEqual([
    { version: 1, stage: 'metadata', attempt: 1, delayMs: 1000, cause: 'HTTP 500' },
    { version: 1, stage: 'metadata', attempt: 2, delayMs: 2000, cause: 'ECODE' },
  ]);
});
