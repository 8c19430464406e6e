import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '../http/exchange.js';

/** A refusal of the token endpoint. */
export interface EntraRefusal {
  error: string;
  /** Number of the AADSTS code. */
  code: number;
  message: string;
}

/** RFC 6749 section 5.2: 401 for failed client authentication, 400 otherwise. */
const STATUSES: Readonly<Record<string, number>> = { invalid_client: 401, temporarily_unavailable: 503 };

/** A refused token request. */
export class EntraError extends Error {
  override readonly name = 'EntraError';
  constructor(
    readonly refusal: EntraRefusal,
    readonly nowMs: number,
  ) {
    super(refusal.message);
  }
}

/** Headers that go with every answer of the token endpoint. */
export function correlationHeaders(headers: IncomingHttpHeaders, requestId: string): Record<string, string> {
  const wantsEcho = headers['return-client-request-id']?.toString().toLowerCase() === 'true';
  return {
    'Cache-Control': 'no-store, no-cache',
    Pragma: 'no-cache',
    'x-ms-request-id': requestId,
    ...(wantsEcho ? { 'client-request-id': correlationId(headers) } : {}),
  };
}

/**
 * An error as Entra ID writes it.
 * @param error `error_description` is sent as it is
 */
export function entraErrorAnswer(
  error: { error: string; error_description?: string; error_codes?: number[] },
  headers: IncomingHttpHeaders,
  nowMs: number,
  traceId: string = randomUUID(),
): Answer {
  return {
    status: STATUSES[error.error] ?? 400,
    headers: correlationHeaders(headers, traceId),
    json: {
      error: error.error,
      error_description: error.error_description ?? 'Scripted by the emulator.',
      error_codes: error.error_codes ?? [],
      timestamp: timestamp(nowMs),
      trace_id: traceId,
      correlation_id: correlationId(headers),
    },
    failure: error.error_description ?? error.error,
  };
}

/** The answer to a refused request. */
export function refusalAnswer({ refusal, nowMs }: EntraError, headers: IncomingHttpHeaders): Answer {
  const traceId = randomUUID();
  const trace = `Trace ID: ${traceId} Correlation ID: ${correlationId(headers)} Timestamp: ${timestamp(nowMs)}`;
  const description = `AADSTS${refusal.code}: ${refusal.message} ${trace}`;
  return entraErrorAnswer(
    { error: refusal.error, error_description: description, error_codes: [refusal.code] },
    headers,
    nowMs,
    traceId,
  );
}

const correlationIds = new WeakMap<IncomingHttpHeaders, string>();

/** The client's own id, or one that stays the same for the whole request. */
function correlationId(headers: IncomingHttpHeaders): string {
  const given = headers['client-request-id']?.toString();
  if (given !== undefined && /^[\w-]{1,64}$/.test(given)) return given;
  const known = correlationIds.get(headers) ?? randomUUID();
  correlationIds.set(headers, known);
  return known;
}

function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
