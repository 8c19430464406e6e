/** Honours Retry-After: until it is over, identical requests fail without being sent (D24). */
import { MsiV2Error } from '../errors.js';
import type { Call } from '../call.js';
import type { Clock } from '../ports.js';

const MAX_WAIT_MS = 3_600_000;
/** For 429 without a time: as long as Entra ID usually asks for. */
const DEFAULT_WAIT_MS = 60_000;
const MAX_ENTRIES = 1_000;
const LONGEST_RETRY_AFTER = 64;
const SECONDS = /^\d+(?:\.\d+)?$/;
/** All forms of RFC 9110 section 5.6.7 begin with the day. To Date.parse, `-1` and `5, 5` are days of 2001. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[, ]/i;
/** The oldest form names no zone and means GMT: to Date.parse it is local time. */
const WITHOUT_ZONE = / \d{4}$/;

/** How long an answer with this status asks identical requests to wait; undefined when it does not. */
export function waitAskedFor(
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  nowMs: number,
): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  return parseRetryAfter(headers['retry-after'], nowMs) ?? (status === 429 ? DEFAULT_WAIT_MS : undefined);
}

/**
 * Milliseconds to wait from now, or undefined when the header is absent or unreadable (RFC 9110 section 10.2.3). Seconds
 * with a fraction are read too: gateways send them.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (text === '' || text.length > LONGEST_RETRY_AFTER) return undefined;
  const isDate = HTTP_DATE.test(text);
  const waitMs = SECONDS.test(text) ? Number(text) * 1_000 : isDate ? dateOf(text) - nowMs : NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_WAIT_MS);
}

const dateOf = (text: string): number => Date.parse(WITHOUT_ZONE.test(text) ? `${text} GMT` : text);

/** The request must not be sent before this much time has passed, whatever the wall clock does meanwhile (D35). */
export function remember(throttled: Map<string, number>, key: string, waitMs: number, clock: Clock): void {
  const nowMs = clock.monotonicMs();
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
  tokenUrl: string,
  { clock, correlationId }: Pick<Call, 'clock' | 'correlationId'>,
): void {
  const untilMs = throttled.get(key);
  if (untilMs === undefined) return;
  const waitMs = untilMs - clock.monotonicMs();
  if (waitMs > 0) {
    throw new MsiV2Error('request_throttled', {
      stage: 'token',
      correlationId,
      retryAfterMs: waitMs,
      message: `${new URL(tokenUrl).origin} asked to wait another ${Math.ceil(waitMs / 1_000)} s. Nothing was sent.`,
    });
  }
  throttled.delete(key);
}
