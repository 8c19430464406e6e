/** What is not tried again for a while after it failed: longer each time, up to a limit. */
import type { Clock } from '../ports.js';

/** On the monotonic clock. */
export interface Pause {
  readonly untilMs: number;
  readonly lengthMs: number;
}

export interface PausePolicy {
  /** After the first failure; 0 for none. */
  readonly firstMs: number;
  /** After each later one twice as long as before, and not shorter than this. */
  readonly leastMs: number;
  readonly longestMs: number;
  /** Share of its length by which a pause may be longer, so that many processes do not try at once. */
  readonly jitter: number;
}

const MAX_PAUSES = 1_000;

/** Healing of one pair of binding key and audience, after the successor was refused as well (D22). */
export const HEALING_PAUSE: PausePolicy = {
  firstMs: 5 * 60_000,
  leastMs: 5 * 60_000,
  longestMs: 60 * 60_000,
  jitter: 0,
};
/** The same, while no successor can be had: not at once, and short at first, for what fails then is most often back soon. */
export const REPLACEMENT_PAUSE: PausePolicy = { firstMs: 0, leastMs: 1_000, longestMs: 5 * 60_000, jitter: 0.2 };
/** Refresh of one token in the background, after it failed (D26). */
export const REFRESH_PAUSE: PausePolicy = { firstMs: 30_000, leastMs: 30_000, longestMs: 5 * 60_000, jitter: 1 };
const LONGEST_REFRESH_SPREAD_MS = 30 * 60_000;
const REFRESH_SPREAD = 0.05;

/** What a fleet missed while a service was ill must not come at once when it is well again: whoever has time takes it. */
export function refreshSpreadMs(tokenRemainingMs: number): number {
  return Math.min(tokenRemainingMs * REFRESH_SPREAD, LONGEST_REFRESH_SPREAD_MS);
}

/** Whether `key` is not to be tried yet. */
export function isPaused(pauses: ReadonlyMap<string, Pause>, key: string, clock: Clock): boolean {
  const pause = pauses.get(key);
  return pause !== undefined && clock.monotonicMs() < pause.untilMs;
}

/**
 * Notes that `key` failed again.
 *
 * @param options.askedMs - How long the service asked to wait, in place of what the policy says.
 * @param options.spreadMs - By how much a pause may be longer from the second failure in a row on, when that is more than what
 *   the policy says. The first one is as short as it may be: what failed once is most often back soon.
 */
export function pause(
  pauses: Map<string, Pause>,
  key: string,
  { firstMs, leastMs, longestMs, jitter }: PausePolicy,
  clock: Clock,
  { askedMs, spreadMs = 0 }: { readonly askedMs?: number | undefined; readonly spreadMs?: number } = {},
): void {
  const nowMs = clock.monotonicMs();
  const before = pauses.get(key);
  const lengthMs = before === undefined ? firstMs : Math.max(leastMs, Math.min(before.lengthMs * 2, longestMs));
  const jitterMs = lengthMs * jitter;
  const ofFirst = askedMs === undefined ? jitterMs : 0;
  const longerMs = before === undefined ? ofFirst : Math.max(jitterMs, spreadMs);
  const waitMs = (askedMs ?? lengthMs) + longerMs * clock.random();
  pauses.delete(key);
  if (pauses.size >= MAX_PAUSES) makeRoom(pauses, nowMs);
  pauses.set(key, { untilMs: nowMs + waitMs, lengthMs });
}

/** Those that are over go first; when there are none, the oldest goes. */
function makeRoom(pauses: Map<string, Pause>, nowMs: number): void {
  for (const [key, { untilMs }] of pauses) if (untilMs <= nowMs) pauses.delete(key);
  const [oldest] = pauses.keys();
  if (pauses.size >= MAX_PAUSES && oldest !== undefined) pauses.delete(oldest);
}
