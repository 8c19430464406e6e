/** What happens to the fleet, and when. Times in milliseconds since the common boot. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const DURATION_MS = 30 * DAY_MS;
export const PROCESSES_PER_VM = 3;
/** A busy service: this is how long a token that is due waits for the next call, on average. */
export const MEAN_GAP_MS = 5_000;
/** How soon an application asks again that got no token. */
export const APPLICATION_RETRY_MS = 10_000;

/** What Entra ID and IMDS give today. */
export const TOKEN = { lifetimeS: 86_400, refreshInS: 43_200 };
export const CERTIFICATE_LIFE_MS = 7 * DAY_MS;

/** In which the fleet that was started at once comes back: a tenth longer than the service named, a twentieth of a life. */
export const REFRESH_WAVE_MS = 72 * MINUTE_MS;
export const RENEWAL_WAVE_MS = 0.05 * CERTIFICATE_LIFE_MS;

/** In the middle of the second wave of refreshes. */
export const OUTAGE = { name: 'Entra outage', service: 'entra', startMs: 25 * HOUR_MS, lengthMs: 20 * MINUTE_MS };
/** In the middle of the second wave of renewals. */
export const THROTTLING = { name: 'IMDS answers 429', service: 'imds', startMs: 7.2 * DAY_MS, lengthMs: HOUR_MS };
/** Every certificate that was issued before is refused from then on; tokens that were issued stay good. */
export const REVOCATION = { name: 'revocation', service: 'both', startMs: 15 * DAY_MS, lengthMs: 0 };
export const FAULTS = [OUTAGE, THROTTLING, REVOCATION];

export const isDuring = ({ startMs, lengthMs }, timeMs) => timeMs >= startMs && timeMs < startMs + lengthMs;
