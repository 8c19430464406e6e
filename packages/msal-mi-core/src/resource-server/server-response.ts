/** Answers on a response of `node:http` or `node:http2` that others may have used, ended or lost. */
import type { Answer } from './refusal.js';

/** What is used of a response. */
export interface ServerResponse {
  statusCode: number;
  readonly headersSent?: boolean;
  readonly writableEnded?: boolean;
  readonly destroyed?: boolean;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
  destroy?(): unknown;
}

export function isServerResponse(response: unknown): response is ServerResponse {
  try {
    const { setHeader, end } = response as Record<keyof ServerResponse, unknown>;
    return typeof setHeader === 'function' && typeof end === 'function';
  } catch {
    return false;
  }
}

/** True when an answer was begun, or can no longer arrive. */
export function isAnswered(response: ServerResponse): boolean {
  try {
    return response.headersSent === true || response.writableEnded === true || response.destroyed === true;
  } catch {
    return true;
  }
}

/** @returns Whether this was the answer. */
export function answer(response: ServerResponse, { status, headers, body }: Answer): boolean {
  if (isAnswered(response)) return false;
  try {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.end(body);
    return true;
  } catch {
    abandon(response);
    return false;
  }
}

/** Half an answer must not stay open. */
function abandon(response: ServerResponse): void {
  try {
    response.destroy?.();
  } catch {
    // There is nothing left to close.
  }
}
