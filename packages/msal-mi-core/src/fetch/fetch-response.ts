import { setImmediate } from 'node:timers';
import type { MtlsResponse } from '../ports.js';
import { decodeContent } from './content-decoding.js';
import { describedResponse, type ResponseDescription } from './described-response.js';
import { FetchFailure, networkError } from './fetch-failure.js';
import { ResponseContent } from './response-content.js';

/** What a response is to say about the request it answers, and how its content is to be read. */
export interface ResponseContext extends ResponseDescription {
  readonly method: string;
  /** False leaves the content as it came. */
  readonly decode: boolean;
  readonly signal: AbortSignal | undefined;
}

const NULL_BODY_STATUSES = new Set([101, 103, 204, 205, 304]);
/** Of the event loop, for what the connection had received with the head. */
const TURNS_TO_ARRIVE = 3;
const DISCARD_LIMIT_BYTES = 64 * 1024;

/**
 * The platform's Response for an answer. Its body is read from the connection as the caller reads it, one piece ahead
 * of nothing; cancelling it closes the connection.
 */
export function buildResponse(answer: MtlsResponse, context: ResponseContext): Response {
  try {
    if (context.method === 'HEAD' || NULL_BODY_STATUSES.has(answer.status)) {
      const response = describedResponse(answer, context);
      void discardBody(answer);
      return response;
    }
    const decoded = context.decode ? decodeContent(answer.body, headerOf(answer, 'content-encoding')) : answer.body;
    const content = new ResponseContent(answer.body, decoded, context.signal);
    return describedResponse(answer, context, content);
  } catch {
    abandonBody(answer);
    throw networkError(new FetchFailure('ERR_RESPONSE_UNUSABLE', 'The response has an unusable status or header.'));
  }
}

/** The value of a header, those of a repeated one joined; null when there is none. */
export function headerOf({ headers }: MtlsResponse, lowerCaseName: string): string | null {
  let found: string | null = null;
  for (const [name, value] of headers) {
    if (name.length !== lowerCaseName.length || name.toLowerCase() !== lowerCaseName) continue;
    found = found === null ? value : `${found}, ${value}`;
  }
  return found;
}

/**
 * Lets go of a body that nobody wants and that may never end: what came with the head is read, so that the connection can
 * be used again; what is still to come closes it.
 */
export async function dropBody(answer: MtlsResponse): Promise<void> {
  await Promise.race([discardBody(answer), aFewTurns()]);
  abandonBody(answer);
}

async function aFewTurns(): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_ARRIVE; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Reads a body that nobody wants, so that its connection can be used again; gives up on a long one. */
async function discardBody(answer: MtlsResponse): Promise<void> {
  let length = 0;
  try {
    for await (const chunk of answer.body) {
      length += chunk.byteLength;
      if (length > DISCARD_LIMIT_BYTES) return;
    }
  } catch {
    // The connection is gone: nothing is left to be reused.
  }
}

/** Closes the connection of an answer that cannot be used. */
export function abandonBody(answer: MtlsResponse): void {
  void Promise.resolve(answer.body[Symbol.asyncIterator]().return?.()).catch(() => undefined);
}
