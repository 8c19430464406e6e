/**
 * `node:diagnostics_channel` events. Payloads carry names, counts, times, codes and certificate thumbprints; never a
 * token, a key, an assertion, a certificate or claims. Version 1: members are only ever added.
 */
import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import type { ErrorStage } from '../errors.js';

/** What is traced: a whole `acquireToken` call, the steps of the flow, and requests to resources. */
export const TRACED = [
  'acquireToken',
  'key',
  'metadata',
  'csr',
  'attestation',
  'issuecredential',
  'bind',
  'token',
  'resource',
] as const;
export type TracedWork = (typeof TRACED)[number];

/**
 * Payload of the tracing channels `msal-mi-core:<work>`: the same object on `start`, then on `error` if it failed, then on
 * `asyncEnd`.
 */
export interface TraceEvent {
  readonly version: 1;
  readonly work: TracedWork;
  /** Of a request to a resource: what its header `x-ms-client-request-id` or `client-request-id` says, else empty. */
  readonly correlationId: string;
  /** Set at the end; of a request to a resource, when the head of the answer is there. */
  durationMs?: number;
  /** Set at the end of what failed. */
  errorCode?: string;
  /** Set at the end of an `acquireToken` that succeeded. */
  fromCache?: boolean;
  /** Set at the end of an `acquireToken` that succeeded: time since the certificate became valid. */
  certificateAgeMs?: number;
}
/** Payload of `msal-mi-core:acquired`: a token is about to be returned, from the cache or from the network. */
export interface AcquiredEvent {
  readonly version: 1;
  /** Whose token it is; never its name. */
  readonly identityKind: 'system-assigned' | 'user-assigned' | 'federated';
  readonly fromCache: boolean;
  /** Until the token expires. */
  readonly tokenRemainingMs: number;
  /** Until the certificate of the connection expires, or stops getting tokens. Negative afterwards. */
  readonly certificateRemainingMs: number;
}
/** Payload of `msal-mi-core:recovery`: a stale certificate is being replaced (D22). */
export interface RecoveryEvent {
  readonly version: 1;
  readonly reason: string;
  readonly aadstsCode?: string;
  readonly correlationId: string;
  readonly staleThumbprint: string;
}
/** Payload of `msal-mi-core:background`: work that no caller waits for has ended. */
export interface BackgroundEvent {
  readonly version: 1;
  readonly work: 'token-refresh' | 'certificate-renewal';
  readonly status: 'end' | 'error';
  readonly errorCode?: string;
}
/** Payload of `msal-mi-core:retry`: a request is about to be sent again. */
export interface RetryEvent {
  readonly version: 1;
  readonly stage: ErrorStage;
  readonly attempt: number;
  readonly delayMs: number;
  readonly cause: string;
}
/** Payload of `msal-mi-core:refusal`: a resource server did not serve a request. */
export interface RefusalEvent {
  readonly version: 1;
  /** A MtlsPopRefusalReason, or the error code of what is not the client's fault. */
  readonly reason: string;
  readonly statusCode: number;
  /** What the token claims, which nobody has verified; cut and redacted. */
  readonly issuer?: string;
  readonly audience?: string;
}

/** Payload of `msal-mi-core:resource-refusal`: a resource answered that it does not accept the certificate of a token (D30). */
export interface ResourceRefusalEvent {
  readonly version: 1;
  readonly code: 'resource_refused_binding';
  /** No certificate came, another one than the token's, or the token came as a bearer token. */
  readonly reason: 'missing' | 'mismatch' | 'bearer';
  readonly host: string;
  /** The same as a sentence. */
  readonly message: string;
  /** Of the certificate that the request was sent with: base64url SHA-256. */
  readonly thumbprint: string;
}

export const acquiredChannel = channel('msal-mi-core:acquired');
export const recoveryChannel = channel('msal-mi-core:recovery');
export const backgroundChannel = channel('msal-mi-core:background');
export const retryChannel = channel('msal-mi-core:retry');
export const refusalChannel = channel('msal-mi-core:refusal');
export const resourceRefusalChannel = channel('msal-mi-core:resource-refusal');

const tracing = Object.fromEntries(
  TRACED.map((work) => [work, tracingChannel<unknown, TraceEvent>(`msal-mi-core:${work}`)]),
) as Record<TracedWork, TracingChannel<unknown, TraceEvent>>;

/** Whether anybody listens. */
export function isTraced(work: TracedWork): boolean {
  const { start, asyncEnd, error } = tracing[work];
  return start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;
}

/**
 * Runs one piece of work and tells subscribers about it. Costs a few comparisons when nobody listens.
 *
 * @param describe - What to add about a success.
 */
export async function trace<T>(
  work: TracedWork,
  correlationId: string,
  run: () => Promise<T>,
  describe?: (result: T) => Pick<TraceEvent, 'fromCache' | 'certificateAgeMs'>,
): Promise<T> {
  if (!isTraced(work)) return run();
  const { start, asyncEnd, error } = tracing[work];
  const event: TraceEvent = { version: 1, work, correlationId };
  const startedAt = performance.now();
  return start.runStores(event, async () => {
    try {
      const result = await run();
      Object.assign(event, describe?.(result));
      return result;
    } catch (failure) {
      event.errorCode = errorCodeOf(failure);
      error.publish(event);
      throw failure;
    } finally {
      event.durationMs = performance.now() - startedAt;
      asyncEnd.publish(event);
    }
  });
}

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** The code to report for any thrown value. */
export function errorCodeOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'unknown';
    const { errorCode, cause } = error as { errorCode?: unknown; cause?: { code?: unknown } | null };
    if (typeof errorCode === 'string') return errorCode;
    const code = cause?.code; // Where `fetch` tells why no answer came.
    return typeof code === 'string' && CODE.test(code) ? code : error.name;
  } catch {
    return 'unknown'; // A proxy, which may throw whatever it is asked.
  }
}
