/** One request to IMDS v2: address, selector, headers, retries, and what a failure means (D7, D11). */
import type { Call } from '../call.js';
import { MsiV2Error, type ErrorStage } from '../errors.js';
import type { ManagedIdentity } from '../model.js';
import { type HttpRequest, type HttpResponse, type HttpTransport, isTransportError } from '../ports.js';
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

/** The final answer of IMDS, whatever its status. Rejects with `managed_identity_request_failed` when none arrived. */
export async function callImds(endpoint: ImdsEndpoint, request: ImdsRequest, call: Call): Promise<HttpResponse> {
  const message = toHttpRequest(endpoint, request, call);
  const { policy = IMDS_POLICY, stage, method } = request;
  const exchange = { stage, method, url: message.url, attemptTimeoutMs: ATTEMPT_TIMEOUT_MS };
  try {
    return await sendWithRetries(policy, exchange, call, async (signal) => ({
      ...(await endpoint.http.send({ ...message, keepsProcess: false, ...(signal !== undefined && { signal }) })),
      hasRetryAfter: false,
    }));
  } catch (error) {
    if (!isTransportError(error)) throw error;
    throw (await loadFailures()).unanswered(endpoint, request, error, call);
  }
}

/** With the advice for all of them: only those who fail pay for it. */
export function loadFailures(): Promise<typeof import('./imds-failure.js')> {
  return import('./imds-failure.js');
}

/** The error for a 200 that cannot be used. Its body may hold a certificate, so nothing of it is repeated. */
export function imdsUnusable(
  { base }: ImdsEndpoint,
  { stage, method, path }: ImdsRequest,
  { status: httpStatus }: HttpResponse,
  { correlationId }: Call,
  problem: string,
  remediation?: string,
): MsiV2Error {
  return new MsiV2Error('managed_identity_request_failed', {
    stage,
    correlationId,
    httpStatus,
    message: `${method} ${base}${path} ${problem}`,
    ...(remediation !== undefined && { remediation }),
  });
}

/** Whether an answer may name this host (D16). */
export function isAllowedHost({ allowedHosts }: ImdsEndpoint, { hostname }: URL): boolean {
  return (
    allowedHosts === undefined ||
    allowedHosts.some((entry) => (entry.startsWith('*.') ? hostname.endsWith(entry.slice(1)) : hostname === entry))
  );
}

/** @throws What `fail` makes, for a host that an answer may not name. */
export function assertAllowedHost(
  imds: ImdsEndpoint,
  url: URL,
  fail: (problem: string, remediation: string) => MsiV2Error,
): void {
  if (isAllowedHost(imds, url)) return;
  const { host, hostname } = url;
  throw fail(
    `named the host ${host}, which MSAL_MI_IMDSV2_ALLOWED_HOSTS does not allow.`,
    `Add ${hostname} to MSAL_MI_IMDSV2_ALLOWED_HOSTS if that host is Microsoft's; nothing was sent to it.`,
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
