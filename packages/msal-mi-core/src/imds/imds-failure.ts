/** What a request to IMDS that failed becomes (D8, D29): who said what, and what to do about it. Loaded with the first one. */
import { imdsAdvice, NO_IMDS_REMEDY, NO_NETWORK_REMEDY } from '../advice.js';
import type { Call } from '../call.js';
import { MsiV2Error, type ErrorStage } from '../errors.js';
import { IMDS_ADDRESS } from '../hosts.js';
import { isJsonObject, parseJsonAnswer } from '../json.js';
import type { ManagedIdentity } from '../model.js';
import type { HttpResponse, TransportError } from '../ports.js';
import { redact } from '../secret.js';
import { NETWORK_FORBIDDEN } from '../transport/exchange.js';

/** Who was asked, and for whom. */
interface AskedImds {
  readonly base: string;
  readonly identity: ManagedIdentity;
}
/** What was asked. */
interface FailedRequest {
  readonly stage: ErrorStage;
  readonly method: string;
  readonly path: string;
}

const LONGEST_SERVER = 64;

/** IMDS is not there. */
function absenceRemedy({ base }: Pick<AskedImds, 'base'>): string {
  return base === IMDS_ADDRESS ? NO_IMDS_REMEDY.azure : NO_IMDS_REMEDY.override;
}

/** No answer. */
export function unanswered(
  { base }: Pick<AskedImds, 'base'>,
  { stage, method, path }: FailedRequest,
  error: TransportError,
  { correlationId }: Call,
): MsiV2Error {
  const isForbidden = error.code === NETWORK_FORBIDDEN;
  return new MsiV2Error('managed_identity_request_failed', {
    stage,
    correlationId,
    retryable: error.failure !== 'invalid_response' && !isForbidden,
    message: `${method} ${base}${path} got no answer: ${error.message}`,
    cause: error,
    remediation: isForbidden ? NO_NETWORK_REMEDY : absenceRemedy({ base }),
  });
}

/** An answer to the request for metadata that describes nothing (D8, D9). */
export function noMetadata(
  endpoint: AskedImds,
  request: FailedRequest,
  response: HttpResponse,
  call: Call,
): MsiV2Error {
  const { status: httpStatus, headers } = response;
  if (httpStatus !== 200 && httpStatus !== 404) return refused(endpoint, request, response, call);
  const details = { stage: request.stage, correlationId: call.correlationId, httpStatus };
  if (httpStatus === 404) {
    return new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', {
      ...details,
      message: `The metadata service at ${endpoint.base} has no version 2 (404 on getplatformmetadata).`,
    });
  }
  const { server } = headers;
  const said = server === undefined ? 'no Server header' : `Server: ${redact(server).slice(0, LONGEST_SERVER)}`;
  return new MsiV2Error('managed_identity_request_failed', {
    ...details,
    message: `${request.method} ${endpoint.base}${request.path} was answered by something that is not IMDS (${said}).`,
    remediation: absenceRemedy(endpoint),
  });
}

/** An answer that is not 200. The text IMDS gave is kept, with anything secret masked. */
export function refused(
  { base, identity }: AskedImds,
  { stage, method, path }: FailedRequest,
  { status, body }: HttpResponse,
  { correlationId }: Call,
  secrets: readonly string[] = [],
): MsiV2Error {
  const text = serviceErrorIn(body, secrets);
  const advice = imdsAdvice(status, text);
  const remedy = (identity.kind === 'system' ? advice?.systemRemedy : undefined) ?? advice?.remedy;
  return new MsiV2Error('managed_identity_request_failed', {
    stage,
    correlationId,
    httpStatus: status,
    retryable: [404, 408, 410, 429].includes(status) || status >= 500,
    message: `${method} ${base}${path} answered HTTP ${status}${text === '' ? '.' : ` (${text}).`}`,
    ...(advice !== undefined && { remediation: `${advice.meaning} ${remedy}` }),
  });
}

function serviceErrorIn(body: string, secrets: readonly string[]): string {
  const parsed = parseJsonAnswer(body);
  if (parsed === undefined) return redact(body.slice(0, 200), secrets);
  const nested = isJsonObject(parsed['error']) ? parsed['error'] : undefined;
  return [nested?.['code'] ?? parsed['error'], nested?.['message'] ?? parsed['error_description'] ?? parsed['message']]
    .map((part) => (typeof part === 'string' ? redact(part, secrets) : ''))
    .filter((part) => part !== '')
    .join(': ');
}
