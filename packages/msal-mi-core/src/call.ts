/** What travels together, so that nobody passes it on piece by piece. */
import type { Logger } from './diagnostics/logger.js';
import type { Clock } from './ports.js';

/** What everything that one application does has in common. */
export interface Runtime {
  readonly clock: Clock;
  readonly log: Logger;
  /** False: exactly one attempt on every leg (D11). */
  readonly retriesEnabled: boolean;
}

/** What all steps of one call have in common. */
export interface Call extends Runtime {
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
  /** False once the caches were cleared: what the call brings is for its callers alone. */
  readonly mayKeep: () => boolean;
}
