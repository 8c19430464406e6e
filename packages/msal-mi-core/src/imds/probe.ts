/** Which version of IMDS answers, found without asking for a token (D4). */
import type { Call } from '../call.js';
import { isMsalMiError } from '../errors.js';
import { isJsonObject, parseJsonAnswer } from '../json.js';
import { IMDS_PROBE_POLICY } from '../transport/exchange.js';
import { callImds, CREDENTIAL_API_VERSION, type ImdsEndpoint, type ImdsRequest } from './endpoint.js';
import { METADATA_PATH } from './metadata.js';

const V1_TOKEN_PATH = '/metadata/identity/oauth2/token';
const COMPUTE_PATH = '/metadata/instance/compute';

/** Why a version cannot be used: the status of its answer, if there was one. */
export interface ProbeFailure {
  readonly status: number | undefined;
  readonly reason: string;
}

/** Undefined when version 2 answers, else how it failed. */
export function probeVersion2(endpoint: ImdsEndpoint, call: Call): Promise<ProbeFailure | undefined> {
  return probe(endpoint, METADATA_PATH, CREDENTIAL_API_VERSION, call);
}

/** Undefined when version 1 answers, else how it failed. */
export function probeVersion1(endpoint: ImdsEndpoint, call: Call): Promise<ProbeFailure | undefined> {
  return probe(endpoint, V1_TOKEN_PATH, { 'api-version': '2018-02-01' }, call);
}

/** `trustedlaunch` or the like, in lower case; empty for a standard VM and when IMDS does not tell. */
export async function requestSecurityType(endpoint: ImdsEndpoint, call: Call): Promise<string> {
  try {
    const request = probeRequest(COMPUTE_PATH, { 'api-version': '2021-02-01' });
    const response = await callImds(endpoint, { ...request, headers: { Metadata: 'true' } }, call);
    const profile = response.status === 200 ? parseJsonAnswer(response.body)?.['securityProfile'] : undefined;
    const type = isJsonObject(profile) ? profile['securityType'] : undefined;
    return typeof type === 'string' ? type.toLowerCase() : '';
  } catch (error) {
    call.signal?.throwIfAborted();
    if (!isMsalMiError(error)) throw error;
    return '';
  }
}

/** A version that is there answers with 400, because the header that a request needs is left out on purpose. */
async function probe(
  endpoint: ImdsEndpoint,
  path: string,
  query: Readonly<Record<string, string>>,
  call: Call,
): Promise<ProbeFailure | undefined> {
  try {
    const { status } = await callImds(endpoint, { ...probeRequest(path, query), policy: IMDS_PROBE_POLICY }, call);
    return status === 400 ? undefined : { status, reason: `probe failed with HTTP ${status}.` };
  } catch (error) {
    call.signal?.throwIfAborted();
    if (!isMsalMiError(error)) throw error;
    return { status: undefined, reason: `probe failed: ${error.errorMessage}` };
  }
}

function probeRequest(path: string, query: Readonly<Record<string, string>>): ImdsRequest {
  return { method: 'GET', path, query, headers: {}, stage: 'metadata' };
}
