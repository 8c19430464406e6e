/** One request to IMDS v2: address, selector, headers, retries, and what a failure means (D7, D11). */
import type { Call } from '../call.js';
import { MsiV2Error, type ErrorStage } from '../errors.js';
import { IMDS_ADDRESS } from '../hosts.js';
import { isJsonObject, parseJsonObject } from '../json.js';
import type { ManagedIdentity } from '../model.js';
import { type HttpRequest, type HttpResponse, type HttpTransport, isTransportError } from '../ports.js';
import { redact } from '../secret.js';
import { IMDS_POLICY, sendWithRetries, type RetryPolicy } from '../transport/exchange.js';

/** Where IMDS is and how this application talks to it. */
export interface ImdsEndpoint {
  readonly base: string;
  readonly identity: ManagedIdentity;
  readonly http: HttpTransport;
  /** Hosts that an answer may name: names, and `*.` followed by a domain. Undefined: any. */
  readonly allowedHosts?: readonly string[] | undefined;
}

export interface ImdsRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly stage: ErrorStage;
  /** Default: {@link IMDS_POLICY}. */
  readonly policy?: RetryPolicy;
}

/** Version 2 of the identity endpoints. */
export const CREDENTIAL_API_VERSION = { 'cred-api-version': '2.0' } as const;

const ATTEMPT_TIMEOUT_MS = 20_000;
/** In whatever words: "Identity not found", "... identity has not been assigned to this resource". */
const NOT_ASSIGNED = /\bidentity\b[^.]*(\bnot|n't)\s+(been\s+)?(found|assigned)\b/i;

/** The final answer of IMDS, whatever its status. Rejects with `managed_identity_request_failed` when none arrived. */
export async function callImds(endpoint: ImdsEndpoint, request: ImdsRequest, call: Call): Promise<HttpResponse> {
  const message = toHttpRequest(endpoint, request, call);
  const { policy = IMDS_POLICY, stage } = request;
  try {
    return await sendWithRetries(policy, { stage, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS }, call, async (signal) => ({
      ...(await endpoint.http.send({ ...message, keepsProcess: false, ...(signal !== undefined && { signal }) })),
      hasRetryAfter: false,
    }));
  } catch (error) {
    if (!isTransportError(error)) throw error;
    throw new MsiV2Error('managed_identity_request_failed', {
      stage,
      correlationId: call.correlationId,
      retryable: error.failure !== 'invalid_response',
      message: `${request.method} ${request.path} got no answer: ${error.message}`,
      cause: error,
      ...(endpoint.base === IMDS_ADDRESS && {
        remediation:
          'Outside of an Azure VM there is no metadata service: use msal-mi-emulator and ' +
          'AZURE_POD_IDENTITY_AUTHORITY_HOST. On a VM check that 169.254.169.254 is reachable without a proxy.',
      }),
    });
  }
}

/** The error for an answer that is not 200. The text IMDS gave is kept, with anything secret masked. */
export function imdsRefusal(
  request: ImdsRequest,
  response: HttpResponse,
  call: Call,
  secrets: readonly string[] = [],
): MsiV2Error {
  const { error, description } = readServiceError(response.body, secrets);
  const text = [error, description].filter((part) => part !== '').join(': ');
  return new MsiV2Error('managed_identity_request_failed', {
    stage: request.stage,
    correlationId: call.correlationId,
    httpStatus: response.status,
    retryable: [404, 408, 410, 429].includes(response.status) || response.status >= 500,
    message: `${request.method} ${request.path} answered HTTP ${response.status}${text === '' ? '.' : ` (${text}).`}`,
    ...(/attestation token is missing/i.test(text) && {
      remediation: 'IMDS wants an attested key: install msal-key-attestation and pass withAttestationSupport: true.',
    }),
    ...(NOT_ASSIGNED.test(text) && {
      remediation: 'This identity is not assigned to the VM: assign it, or correct the user-assigned id.',
    }),
  });
}

/** The error for a 200 that cannot be used. Its body may hold a certificate, so nothing of it is repeated. */
export function imdsUnusable(request: ImdsRequest, response: HttpResponse, call: Call, problem: string): MsiV2Error {
  return new MsiV2Error('managed_identity_request_failed', {
    stage: request.stage,
    correlationId: call.correlationId,
    httpStatus: response.status,
    message: `${request.method} ${request.path} ${problem}`,
  });
}

/** Whether an answer may name this host (D16). */
export function isAllowedHost({ allowedHosts }: ImdsEndpoint, hostname: string): boolean {
  return (
    allowedHosts === undefined ||
    allowedHosts.some((entry) => (entry.startsWith('*.') ? hostname.endsWith(entry.slice(1)) : hostname === entry))
  );
}

function toHttpRequest(endpoint: ImdsEndpoint, request: ImdsRequest, { correlationId }: Call): HttpRequest {
  const query = new URLSearchParams(request.query);
  if (endpoint.identity.kind !== 'system') query.set(endpoint.identity.kind, endpoint.identity.id);
  return {
    method: request.method,
    url: `${endpoint.base}${request.path}?${query.toString()}`,
    headers: { ...request.headers, 'x-ms-client-request-id': correlationId },
    timeoutMs: ATTEMPT_TIMEOUT_MS,
    ...(request.body !== undefined && { body: request.body }),
  };
}

function readServiceError(body: string, secrets: readonly string[]): { error: string; description: string } {
  const parsed = parseJsonObject(body);
  if (parsed === undefined) return { error: '', description: redact(body.slice(0, 200), secrets) };
  const nested = isJsonObject(parsed['error']) ? parsed['error'] : undefined;
  const text = (value: unknown) => (typeof value === 'string' ? redact(value, secrets) : '');
  return {
    error: text(nested?.['code'] ?? parsed['error']),
    description: text(nested?.['message'] ?? parsed['error_description'] ?? parsed['message']),
  };
}
