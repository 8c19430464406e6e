/** One exchange with IMDS or the token endpoint: attempts with a deadline each, and a body of bounded length. */
import { retryChannel, type RetryEvent } from '../diagnostics/channels.js';
import type { ErrorStage } from '../errors.js';
import type { Call } from '../call.js';
import { isTransportError, TransportError } from '../ports.js';
import { withDeadline } from '../time/clock.js';

/** No answer of IMDS or Entra ID is larger than a few kilobytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** An answer was larger than anything the protocol knows. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError';
  constructor() {
    super('The answer is larger than 1 MiB.');
  }
}

/** Reads a whole body as UTF-8 text; stops reading when it is larger than 1 MiB. */
export async function readBody(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new BodyTooLargeError();
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

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

/** What is sent, and where. */
export interface Exchange {
  readonly stage: ErrorStage;
  readonly method: string;
  readonly url: string;
  /** For one attempt, from its first byte to the last byte of the answer's body. */
  readonly attemptTimeoutMs: number;
}

const GONE = 410;
const IMDS_BACKOFF_MS = [1_000, 2_000, 4_000] as const;
const IMDS_MAX_BACKOFF_MS = 4_000;
const IMDS_GONE_DELAY_MS = 10_000;

/** What the permission model of Node.js answers, from 25 on, to a process without `--allow-net`: that does not pass. */
export const NETWORK_FORBIDDEN = 'ERR_ACCESS_DENIED';

const isNetworkFailure = (outcome: Outcome) =>
  outcome.status === undefined &&
  outcome.failure?.code !== NETWORK_FORBIDDEN &&
  outcome.failure?.failure !== 'invalid_response' &&
  outcome.failure?.failure !== 'untrusted_server';
const isServerError = (outcome: Outcome) =>
  outcome.status !== undefined && outcome.status >= 500 && outcome.status < 600;
const isOneOf = (outcome: Outcome, statuses: readonly number[]) =>
  outcome.status !== undefined && statuses.includes(outcome.status);

/** D11. Retry-After is ignored by design: IMDS does not send it. */
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

/** D24: a server error that names no time, or a timeout, is tried once more. */
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
  call: Call,
  send: (signal: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  const { stage } = exchange;
  let first: Outcome | undefined;
  for (let retry = 0; ; retry++) {
    const attempt = await attemptOnce(send, exchange, call);
    const { outcome } = attempt;
    first ??= outcome;
    if (!call.retriesEnabled || !policy.isRetried(outcome) || retry >= policy.maxRetries(first)) {
      if ('response' in attempt) return attempt.response;
      throw attempt.error;
    }
    const delayMs = policy.delayMs(outcome, retry);
    const cause = outcome.failure?.code ?? `HTTP ${String(outcome.status)}`;
    call.log.info(`${stage}: attempt ${retry + 1} failed (${cause}); next one in ${delayMs} ms`);
    if (retryChannel.hasSubscribers) {
      retryChannel.publish({ version: 1, stage, attempt: retry + 1, delayMs, cause } satisfies RetryEvent);
    }
    const { origin } = new URL(exchange.url);
    const what = `before ${origin}, which had failed (${cause}), was asked again`;
    await whileAwaiting(call, { stage, what }, () => call.clock.sleep(delayMs, call.signal));
  }
}

async function attemptOnce<R extends { readonly status: number; readonly hasRetryAfter: boolean }>(
  send: (signal: AbortSignal | undefined) => Promise<R>,
  exchange: Exchange,
  call: Call,
): Promise<{ outcome: Outcome; response: R } | { outcome: Outcome; error: TransportError }> {
  const { clock, signal } = call;
  const onTimeout = () => new TransportError('timeout', 'ETIMEDOUT', 'The answer did not arrive in time.');
  const deadline = { clock, timeoutMs: exchange.attemptTimeoutMs, signal, onTimeout };
  try {
    const response = await logged(exchange, call, () => withDeadline(deadline, send));
    const { status, hasRetryAfter } = response;
    return { outcome: { status, failure: undefined, hasRetryAfter }, response };
  } catch (error) {
    signal?.throwIfAborted();
    if (!isTransportError(error)) throw error;
    return { outcome: { status: undefined, failure: error, hasRetryAfter: false }, error };
  }
}

/** What a call waits for. */
interface Awaited {
  readonly stage: ErrorStage | 'region';
  /** With the host. */
  readonly what: string;
}

/** By the correlation id of the call. */
const awaited = new Map<string, Awaited>();

/** What a call waits for at the moment, for the error that ends it (D29). */
export function awaitedBy(correlationId: string): Awaited | undefined {
  return awaited.get(correlationId);
}

async function whileAwaiting<T>(
  { correlationId }: Pick<Call, 'correlationId'>,
  what: Awaited,
  wait: () => Promise<T>,
): Promise<T> {
  awaited.set(correlationId, what);
  try {
    return await wait();
  } finally {
    awaited.delete(correlationId);
  }
}

/** One line for one exchange (D34). Of the address only host and path are told: the query names the identity. */
export async function logged<R extends { readonly status: number }>(
  { stage, method, url }: Pick<Exchange, 'method'> & { readonly stage: Awaited['stage']; readonly url: string | URL },
  { clock, log, correlationId }: Pick<Call, 'clock' | 'log' | 'correlationId'>,
  send: () => Promise<R>,
): Promise<R> {
  const startedAtMs = clock.monotonicMs();
  const { host, origin, pathname } = typeof url === 'string' ? new URL(url) : url;
  const tell = (outcome: string) =>
    log.verbose(() => {
      const durationMs = Math.round(clock.monotonicMs() - startedAtMs);
      return `${stage}: ${method} ${host}${pathname} ${outcome} in ${durationMs} ms (${correlationId})`;
    });
  try {
    const response = await whileAwaiting({ correlationId }, { stage, what: `while ${origin} had not answered` }, send);
    tell(`answered ${response.status}`);
    return response;
  } catch (error) {
    const failure: unknown = error instanceof TypeError ? error.cause : error; // Where `fetch` tells why.
    tell(isTransportError(failure) ? `failed (${failure.code})` : 'was given up');
    throw error;
  }
}
