import { retryChannel, type RetryEvent } from '../diagnostics/channels.js';
import type { ErrorStage } from '../errors.js';
import type { Logger } from '../diagnostics/logger.js';
import { TransportError, type Clock } from '../ports.js';
import { withDeadline } from '../time/cancellation.js';

/** When to try again: how often in total, decided by the first failure, and after how long, decided by the latest. */
export interface RetryPolicy {
  readonly isRetried: (outcome: Outcome) => boolean;
  readonly maxRetries: (first: Outcome) => number;
  /** @param retry - 0 before the first retry. */
  readonly delayMs: (latest: Outcome, retry: number) => number;
}

/** A status, or undefined when no answer arrived. */
export interface Outcome {
  readonly status: number | undefined;
  readonly failure: TransportError | undefined;
  readonly hasRetryAfter: boolean;
}

/** Surroundings of one exchange. */
export interface Exchange {
  readonly clock: Clock;
  readonly log: Logger;
  readonly stage: ErrorStage;
  readonly retriesEnabled: boolean;
  /** For one attempt, from its first byte to the last byte of the answer's body. */
  readonly attemptTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const GONE = 410;
const IMDS_BACKOFF_MS = [1_000, 2_000, 4_000] as const;
const IMDS_MAX_BACKOFF_MS = 4_000;
const IMDS_GONE_DELAY_MS = 10_000;

const isNetworkFailure = (outcome: Outcome) =>
  outcome.status === undefined &&
  outcome.failure?.failure !== 'invalid_response' &&
  outcome.failure?.failure !== 'untrusted_server';
const isServerError = (outcome: Outcome) =>
  outcome.status !== undefined && outcome.status >= 500 && outcome.status < 600;
const isOneOf = (outcome: Outcome, statuses: readonly number[]) =>
  outcome.status !== undefined && statuses.includes(outcome.status);

/** Retry-After is ignored by design: IMDS does not send it (D11). */
export const IMDS_POLICY: RetryPolicy = {
  isRetried: (outcome) =>
    isNetworkFailure(outcome) || isServerError(outcome) || isOneOf(outcome, [404, 408, GONE, 429]),
  maxRetries: (first) => (first.status === GONE ? 7 : 3),
  delayMs: (latest, retry) =>
    latest.status === GONE ? IMDS_GONE_DELAY_MS : (IMDS_BACKOFF_MS[retry] ?? IMDS_MAX_BACKOFF_MS),
};

/** As {@link IMDS_POLICY}, but a 404 is an answer: this version of IMDS is not there. */
export const IMDS_PROBE_POLICY: RetryPolicy = {
  ...IMDS_POLICY,
  isRetried: (outcome) => outcome.status !== 404 && IMDS_POLICY.isRetried(outcome),
};

/** A server error that names no time, or a timeout, is tried once more (D24). */
export const TOKEN_POLICY: RetryPolicy = {
  isRetried: (outcome) => (isServerError(outcome) && !outcome.hasRetryAfter) || outcome.failure?.failure === 'timeout',
  maxRetries: () => 1,
  delayMs: () => 1_000,
};

/**
 * Sends until an answer is not worth a retry. Rejects with the last {@link TransportError}, or the abort reason.
 *
 * @param send - Must stop when its signal is aborted; its result is no longer waited for then.
 */
export async function sendWithRetries<R extends { readonly status: number; readonly hasRetryAfter: boolean }>(
  policy: RetryPolicy,
  exchange: Exchange,
  send: (signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  let first: Outcome | undefined;
  for (let retry = 0; ; retry++) {
    const attempt = await attemptOnce(send, exchange);
    const { outcome } = attempt;
    first ??= outcome;
    if (!exchange.retriesEnabled || !policy.isRetried(outcome) || retry >= policy.maxRetries(first)) {
      if ('response' in attempt) return attempt.response;
      throw attempt.error;
    }
    const delayMs = policy.delayMs(outcome, retry);
    const cause = outcome.failure?.code ?? `HTTP ${String(outcome.status)}`;
    exchange.log.info(`${exchange.stage}: attempt ${retry + 1} failed (${cause}); next one in ${delayMs} ms`);
    if (retryChannel.hasSubscribers) {
      retryChannel.publish({
        version: 1,
        stage: exchange.stage,
        attempt: retry + 1,
        delayMs,
        cause,
      } satisfies RetryEvent);
    }
    await exchange.clock.sleep(delayMs, exchange.signal);
  }
}

async function attemptOnce<R extends { readonly status: number; readonly hasRetryAfter: boolean }>(
  send: (signal: AbortSignal | undefined) => Promise<R>,
  { clock, attemptTimeoutMs, signal }: Exchange,
): Promise<{ outcome: Outcome; response: R } | { outcome: Outcome; error: TransportError }> {
  const onTimeout = () => new TransportError('timeout', 'ETIMEDOUT', 'The answer did not arrive in time.');
  try {
    const response = await withDeadline({ clock, timeoutMs: attemptTimeoutMs, signal, onTimeout }, send);
    const { status, hasRetryAfter } = response;
    return { outcome: { status, failure: undefined, hasRetryAfter }, response };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof TransportError)) throw error;
    return { outcome: { status: undefined, failure: error, hasRetryAfter: false }, error };
  }
}
