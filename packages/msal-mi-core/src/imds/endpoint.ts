/** One request to IMDS v2: address, selector, headers, retries, and what a failure means (D7, D11). */
import { MsiV2Error, type ErrorStage } from '../errors.js';
import type { Logger } from '../diagnostics/logger.js';
import type { ManagedIdentity } from '../model.js';
import { TransportError, type Clock, type HttpRequest, type HttpResponse, type HttpTransport } from '../ports.js';
import { redact } from '../secret.js';
import { IMDS_POLICY, sendWithRetries, type RetryPolicy } from '../transport/retry.js';

/** Where IMDS is and how this application talks to it. */
export interface ImdsEndpoint {
  readonly base: string;
  readonly identity: ManagedIdentity;
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retriesEnabled: boolean;
}

export interface ImdsCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly stage: ErrorStage;
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
  /** Default: {@link IMDS_POLICY}. */
  readonly policy?: RetryPolicy;
}

const ATTEMPT_TIMEOUT_MS = 20_000;
const METADATA_SERVICE_ADDRESS = 'http://169.254.169.254';
/** In whatever words: "Identity not found", "... identity has not been assigned to this resource". */
const NOT_ASSIGNED = /\bidentity\b[^.]*(\bnot|n't)\s+(been\s+)?(found|assigned)\b/i;

/** The final answer of IMDS, whatever its status. Rejects with `managed_identity_request_failed` when none arrived. */
export async function callImds(endpoint: ImdsEndpoint, call: ImdsCall): Promise<HttpResponse> {
  const request = toHttpRequest(endpoint, call);
  const { clock, log, retriesEnabled, http } = endpoint;
  const { stage, signal } = call;
  const exchange = { clock, log, retriesEnabled, stage, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS, signal };
  try {
    return await sendWithRetries(call.policy ?? IMDS_POLICY, exchange, async (attemptSignal) => ({
      ...(await http.send({ ...request, ...(attemptSignal !== undefined && { signal: attemptSignal }) })),
      hasRetryAfter: false,
    }));
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new MsiV2Error('managed_identity_request_failed', {
      stage: call.stage,
      correlationId: call.correlationId,
      retryable: error.failure !== 'invalid_response',
      message: `${call.method} ${call.path} got no answer: ${error.message}`,
      cause: error,
      ...(endpoint.base === METADATA_SERVICE_ADDRESS && {
        remediation:
          'Outside of an Azure VM there is no metadata service: use msal-mi-emulator and ' +
          'AZURE_POD_IDENTITY_AUTHORITY_HOST. On a VM check that 169.254.169.254 is reachable without a proxy.',
      }),
    });
  }
}

/** The error for an answer that is not 200. The text IMDS gave is kept, with anything secret masked. */
export function imdsRefusal(call: ImdsCall, response: HttpResponse, secrets: readonly string[] = []): MsiV2Error {
  const { error, description } = readServiceError(response.body, secrets);
  const text = [error, description].filter((part) => part !== '').join(': ');
  return new MsiV2Error('managed_identity_request_failed', {
    stage: call.stage,
    correlationId: call.correlationId,
    httpStatus: response.status,
    retryable: [404, 408, 410, 429].includes(response.status) || response.status >= 500,
    message: `${call.method} ${call.path} answered HTTP ${response.status}${text === '' ? '.' : ` (${text}).`}`,
    ...(/attestation token is missing/i.test(text) && {
      remediation: 'IMDS wants an attested key: install msal-key-attestation and pass withAttestationSupport: true.',
    }),
    ...(NOT_ASSIGNED.test(text) && {
      remediation: 'This identity is not assigned to the VM: assign it, or correct the user-assigned id.',
    }),
  });
}

/** The error for a 200 that cannot be used. Its body may hold a certificate, so nothing of it is repeated. */
export function imdsUnusable(call: ImdsCall, response: HttpResponse, problem: string): MsiV2Error {
  return new MsiV2Error('managed_identity_request_failed', {
    stage: call.stage,
    correlationId: call.correlationId,
    httpStatus: response.status,
    message: `${call.method} ${call.path} ${problem}`,
  });
}

/** A JSON object, or undefined. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A member that must be a non-blank string; undefined when it is not. */
export function nonBlank(object: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function toHttpRequest(endpoint: ImdsEndpoint, call: ImdsCall): HttpRequest {
  const query = new URLSearchParams(call.query);
  if (endpoint.identity.kind !== 'system') query.set(endpoint.identity.kind, endpoint.identity.id);
  return {
    method: call.method,
    url: `${endpoint.base}${call.path}?${query.toString()}`,
    headers: { ...call.headers, 'x-ms-client-request-id': call.correlationId },
    timeoutMs: ATTEMPT_TIMEOUT_MS,
    ...(call.body !== undefined && { body: call.body }),
  };
}

function readServiceError(body: string, secrets: readonly string[]): { error: string; description: string } {
  const parsed = parseJsonObject(body);
  if (parsed === undefined) return { error: '', description: redact(body.slice(0, 200), secrets) };
  const nested = typeof parsed['error'] === 'object' ? (parsed['error'] as Record<string, unknown> | null) : undefined;
  const text = (value: unknown) => (typeof value === 'string' ? redact(value, secrets) : '');
  return {
    error: text(nested?.['code'] ?? parsed['error']),
    description: text(nested?.['message'] ?? parsed['error_description'] ?? parsed['message']),
  };
}
