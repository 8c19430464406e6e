/** When a token in memory is served (D25, D35). */
import { TokenCache } from 'core/cache/token-cache.js';
import type { AccessToken, Binding } from 'core/model.js';
import { VirtualClock } from 'support/virtual-clock.js';

const HOUR_MS = 3_600_000;

test('rule D35: a clock that was set back serves no token longer than its certificate lives', () => {
  const clock = new VirtualClock(0);
  const binding = { notAfterMs: 5 * HOUR_MS, setBackMs: 0 } as Binding;
  const cache = new TokenCache();
  clock.setWallClockBy(-2 * HOUR_MS);
  // Received after the step: of the two hours only the certificate is older.
  cache.set('key', { token: { expiresAtMs: 10 * HOUR_MS } as AccessToken, binding }, clock);
  const served = (nowMs: number) => cache.get('key', nowMs + 2 * HOUR_MS) !== undefined;
  expect([served(0), served(3 * HOUR_MS - 1), served(3 * HOUR_MS)]).toEqual([true, true, false]);
});
