/**
 * What the fleet may do to the services. A peak is that of an interval (a minute, longer for small fleets, whose minutes are
 * mostly chance); a mean is taken over a window that the protocol names, not over the time in which requests came: the
 * window of a herd that comes at once would be as short as the herd.
 */
import {
  CERTIFICATE_LIFE_MS,
  HOUR_MS,
  isDuring,
  MINUTE_MS,
  OUTAGE,
  REFRESH_WAVE_MS,
  RENEWAL_WAVE_MS,
  REVOCATION,
  THROTTLING,
  TOKEN,
} from './timeline.mjs';

const MOST_AFTER_BOOT = 3;
const MOST_AFTER_FAULT = 5;
const BOOT_MINUTES = 60;
const REFRESH_MS = TOKEN.refreshInS * 1_000;

/**
 * @param result - Requests in each minute, by service, and the calls that got no token.
 * @param intervals - By service, in minutes.
 */
export function evaluate(result, intervals) {
  const ratioOf = (service, window, seen = window, without) => {
    const { perInterval } = measure(result[service], window, intervals[service], without);
    return measure(result[service], seen, intervals[service]).peak / perInterval;
  };
  const firstRefresh = { fromMs: REFRESH_MS, lengthMs: REFRESH_WAVE_MS };
  const secondRefresh = { fromMs: 2 * REFRESH_MS, lengthMs: 2 * REFRESH_WAVE_MS };
  const firstRenewal = { fromMs: CERTIFICATE_LIFE_MS / 2, lengthMs: RENEWAL_WAVE_MS };
  const secondRenewal = { fromMs: CERTIFICATE_LIFE_MS, lengthMs: 2 * RENEWAL_WAVE_MS };
  // Until every token was refreshed once: that is when its process learns of the revocation.
  const revoked = { fromMs: REVOCATION.startMs, lengthMs: REFRESH_MS + REFRESH_WAVE_MS };
  const targets = [
    ['tokens refreshed after a common boot', MOST_AFTER_BOOT, ratioOf('entra', firstRefresh)],
    ['certificates renewed after a common boot', MOST_AFTER_BOOT, ratioOf('imds', firstRenewal)],
    ['Entra after its outage', MOST_AFTER_FAULT, ratioOf('entra', secondRefresh, after(OUTAGE), OUTAGE)],
    ['IMDS after an hour of 429', MOST_AFTER_FAULT, ratioOf('imds', secondRenewal, after(THROTTLING), THROTTLING)],
    ['Entra after the revocation', MOST_AFTER_FAULT, ratioOf('entra', revoked)],
    ['IMDS after the revocation', MOST_AFTER_FAULT, ratioOf('imds', revoked)],
  ].map(([name, most, value]) => ({ name: `${name}: peak / mean`, most, value, isMet: value <= most }));
  // Every process had a token before each fault, and no fault is as long as a token is good.
  const { failures } = result;
  const withoutToken = {
    name: 'calls that got no token',
    most: 0,
    value: failures.length,
    isMet: failures.length === 0,
  };
  return [...targets, withoutToken];
}

const after = ({ startMs, lengthMs }) => ({ fromMs: startMs + lengthMs, lengthMs: 3 * HOUR_MS });

/** Of the whole time: the boot apart, which is what it is. */
export function summarize(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const [boot, peak] = [counts.subarray(0, BOOT_MINUTES), counts.subarray(BOOT_MINUTES)].map((part) =>
    Math.max(...part),
  );
  return { total, boot, peak, mean: total / counts.length };
}

/**
 * @param without - a fault whose minutes count as if they were not there
 * @returns the largest number of requests in an interval of the window, and the mean one
 */
function measure(counts, { fromMs, lengthMs }, intervalMinutes, without) {
  const [first, end] = [Math.floor(fromMs / MINUTE_MS), Math.ceil((fromMs + lengthMs) / MINUTE_MS)];
  const isLeftOut = (minute) => without !== undefined && isDuring(without, minute * MINUTE_MS);
  let [peak, total, minutes] = [0, 0, 0];
  for (let minute = first; minute < end; minute += intervalMinutes) {
    const interval = counts.subarray(minute, Math.min(minute + intervalMinutes, end));
    const sum = interval.reduce((all, count) => all + count, 0);
    peak = Math.max(peak, sum);
    interval.forEach((count, index) => {
      if (isLeftOut(minute + index)) return;
      total += count;
      minutes += 1;
    });
  }
  return { peak, perInterval: (total / minutes) * intervalMinutes };
}
