/**
 * `node:diagnostics_channel` events. Payloads carry names, counts, times, codes and certificate thumbprints; never a
 * token, a key, an assertion, a certificate or claims. Version 1: members are only ever added.
 */
import { channel } from 'node:diagnostics_channel';
import type { ErrorStage } from '../errors.js';

/** One step of the flow began, ended or failed. */
export interface StageEvent {
  readonly version: 1;
  readonly stage: ErrorStage | 'bind';
  readonly correlationId: string;
  readonly status: 'start' | 'end' | 'error';
  /** Absent on start. */
  readonly durationMs?: number;
  readonly errorCode?: string;
}
/** A stale certificate is being replaced (PROTOCOL D22). */
export interface RecoveryEvent {
  readonly version: 1;
  readonly reason: string;
  readonly aadstsCode?: string;
  readonly correlationId: string;
  readonly staleThumbprint: string;
}
/** Work done without a caller waiting ended: a token refresh or a certificate renewal. */
export interface BackgroundEvent {
  readonly version: 1;
  readonly work: 'token-refresh' | 'certificate-renewal';
  readonly status: 'end' | 'error';
  readonly errorCode?: string;
}
/** A request is about to be sent again. */
export interface RetryEvent {
  readonly version: 1;
  readonly stage: ErrorStage;
  readonly attempt: number;
  readonly delayMs: number;
  readonly cause: string;
}

export const stageChannel = channel('msal-mi-core:stage');
export const recoveryChannel = channel('msal-mi-core:recovery');
export const backgroundChannel = channel('msal-mi-core:background');
export const retryChannel = channel('msal-mi-core:retry');

/** Runs one step and tells subscribers about it. Costs one comparison when nobody listens. */
export async function traceStage<T>(
  stage: StageEvent['stage'],
  correlationId: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!stageChannel.hasSubscribers) return work();
  const startedAt = performance.now();
  const publish = (event: Pick<StageEvent, 'status' | 'durationMs' | 'errorCode'>) =>
    stageChannel.publish({ version: 1, stage, correlationId, ...event } satisfies StageEvent);
  publish({ status: 'start' });
  try {
    const result = await work();
    publish({ status: 'end', durationMs: performance.now() - startedAt });
    return result;
  } catch (error) {
    publish({ status: 'error', durationMs: performance.now() - startedAt, errorCode: errorCodeOf(error) });
    throw error;
  }
}

/** The code to report for any thrown value. */
export function errorCodeOf(error: unknown): string {
  if (error instanceof Error) {
    const { errorCode } = error as { errorCode?: unknown };
    return typeof errorCode === 'string' ? errorCode : error.name;
  }
  return 'unknown';
}
