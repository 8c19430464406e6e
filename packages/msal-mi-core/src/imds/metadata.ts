/** Step 2: what IMDS says about this compute unit and identity (D8, D9). */
import { toDotNetJson } from '../crypto/cuid-json.js';
import { MsiV2Error } from '../errors.js';
import type { PlatformMetadata } from '../model.js';
import type { HttpResponse } from '../ports.js';
import {
  callImds,
  imdsRefusal,
  imdsUnusable,
  nonBlank,
  parseJsonObject,
  type ImdsCall,
  type ImdsEndpoint,
} from './endpoint.js';

export const METADATA_PATH = '/metadata/identity/getplatformmetadata';
export const CREDENTIAL_API_VERSION = { 'cred-api-version': '2.0' } as const;

export interface MetadataRequest {
  readonly attested: boolean;
  readonly correlationId: string;
  readonly signal: AbortSignal | undefined;
}

export async function requestMetadata(endpoint: ImdsEndpoint, request: MetadataRequest): Promise<PlatformMetadata> {
  const call: ImdsCall = {
    method: 'GET',
    path: METADATA_PATH,
    query: CREDENTIAL_API_VERSION,
    headers: { Metadata: 'true' },
    stage: 'metadata',
    correlationId: request.correlationId,
    signal: request.signal,
  };
  return processMetadata(call, await callImds(endpoint, call), request.attested);
}

function processMetadata(call: ImdsCall, response: HttpResponse, attested: boolean): PlatformMetadata {
  if (response.status === 404) {
    throw new MsiV2Error('mtls_pop_token_not_supported_in_imds_v1', {
      stage: call.stage,
      correlationId: call.correlationId,
      httpStatus: 404,
    });
  }
  if (response.status !== 200) throw imdsRefusal(call, response);
  const fail = (problem: string) => imdsUnusable(call, response, problem);

  if (!(response.headers['server'] ?? '').toUpperCase().includes('IMDS')) {
    throw fail('was answered by something that is not IMDS (Server header).');
  }
  const body = parseJsonObject(response.body);
  if (body === undefined) throw fail('answered something that is not a JSON object.');
  const clientId = nonBlank(body, 'clientId');
  const tenantId = nonBlank(body, 'tenantId');
  if (clientId === undefined) throw fail('answered without a clientId.');
  if (tenantId === undefined || !/^[\x20-\x7e]+$/.test(tenantId)) throw fail('answered without a usable tenantId.');
  const cuIdJson = parseCuId(body['cuId']);
  if (cuIdJson === undefined) throw fail('answered without a usable cuId.');
  return { clientId, tenantId, cuIdJson, attestationEndpoint: parseAttestationEndpoint(body, attested, fail) };
}

/** An object with a non-empty vmId or vmssId, or a non-empty string. An empty second id is kept, an absent one left out. */
function parseCuId(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : toDotNetJson(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const ids: Record<string, string> = {};
  for (const name of ['vmId', 'vmssId'] as const) {
    const id = (value as Record<string, unknown>)[name];
    if (id === undefined || id === null) continue;
    if (typeof id !== 'string') return undefined;
    ids[name] = id;
  }
  return Object.values(ids).some((id) => id !== '') ? toDotNetJson(ids) : undefined;
}

/** Only looked at when the key is to be attested. */
function parseAttestationEndpoint(
  body: Record<string, unknown>,
  attested: boolean,
  fail: (problem: string) => MsiV2Error,
): string | undefined {
  if (!attested) return undefined;
  const value = nonBlank(body, 'attestationEndpoint');
  if (value === undefined) throw fail('answered without an attestationEndpoint, so this key cannot be attested.');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLoopback = url !== undefined && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopback)) {
    throw fail('answered with an attestationEndpoint that is not an https URL.');
  }
  return value;
}
