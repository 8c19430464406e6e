/** Honours Retry-After: until it is over, identical requests fail without being sent (D24). */
import { MsiV2Error } from '../errors.js';
import type { Call } from '../call.js';

const MAX_WAIT_MS = 3_600_000;
const MAX_ENTRIES = 1_000;

/** Milliseconds to wait from now, or undefined when the header is absent or unreadable (RFC 9110 section 10.2.3). */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '') return undefined;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_WAIT_MS);
}

/** The request must not be sent before this much time has passed. */
export function remember(throttled: Map<string, number>, key: string, waitMs: number, nowMs: number): void {
  if (throttled.size >= MAX_ENTRIES) {
    for (const [other, untilMs] of throttled) if (untilMs <= nowMs) throttled.delete(other);
    if (throttled.size >= MAX_ENTRIES) throttled.clear();
  }
  throttled.set(key, nowMs + waitMs);
}

/** @throws MsiV2Error `request_throttled` while the wait is not over. */
export function assertNotThrottled(
  throttled: Map<string, number>,
  key: string,
  { clock, correlationId }: Pick<Call, 'clock' | 'correlationId'>,
): void {
  const untilMs = throttled.get(key);
  if (untilMs === undefined) return;
  const waitMs = untilMs - clock.now();
  if (waitMs > 0) {
    throw new MsiV2Error('request_throttled', {
      stage: 'token',
      correlationId,
      message: `The token endpoint asked to wait another ${Math.ceil(waitMs / 1_000)} s. Nothing was sent.`,
    });
  }
  throttled.delete(key);
}
