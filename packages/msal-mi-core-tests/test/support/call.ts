import type { Call } from 'core/call.js';
import { createLogger } from 'core/diagnostics/logger.js';
import { VirtualClock } from './virtual-clock.js';

/** What the steps of one call have in common, for tests of a single step. */
export function testCall(overrides: Partial<Call> = {}): Call {
  return {
    clock: new VirtualClock(),
    log: createLogger(undefined),
    retriesEnabled: true,
    correlationId: 'c',
    signal: undefined,
    mayKeep: () => true,
    ...overrides,
  };
}
