/** Step 2: what IMDS says about this compute unit and identity (D8, D9). */
import type { Call } from '../call.js';
import { MsiV2Error } from '../errors.js';
import { isLoopbackHost } from '../loopback.js';
import { isJsonObject, nonBlank, parseJsonAnswer, type JsonObject } from '../json.js';
import type { PlatformMetadata } from '../model.js';
import type { HttpResponse } from '../ports.js';
import {
  assertAllowedHost,
  callImds,
  CREDENTIAL_API_VERSION,
  imdsUnusable,
  loadFailures,
  type ImdsEndpoint,
  type ImdsRequest,
} from './endpoint.js';

export const METADATA_PATH = '/metadata/identity/getplatformmetadata';

/** @param options.attested - Whether the answer has to say where a key is attested. */
export async function requestMetadata(
  endpoint: ImdsEndpoint,
  { attested }: { readonly attested: boolean },
  call: Call,
): Promise<PlatformMetadata> {
  const request: ImdsRequest = {
    method: 'GET',
    path: METADATA_PATH,
    query: CREDENTIAL_API_VERSION,
    headers: { Metadata: 'true' },
    stage: 'metadata',
  };
  const response = await callImds(endpoint, request, call);
  const isImds = (response.headers['server'] ?? '').toUpperCase().includes('IMDS');
  if (response.status === 200 && isImds) return processMetadata(endpoint, request, response, attested, call);
  throw (await loadFailures()).noMetadata(endpoint, request, response, call);
}

function processMetadata(
  imds: ImdsEndpoint,
  request: ImdsRequest,
  response: HttpResponse,
  attested: boolean,
  call: Call,
): PlatformMetadata {
  const fail = (problem: string, remediation?: string) =>
    imdsUnusable(imds, request, response, call, problem, remediation);

  const body = parseJsonAnswer(response.body);
  if (body === undefined) throw fail('answered something that is not a JSON object.');
  const clientId = nonBlank(body, 'clientId');
  const tenantId = nonBlank(body, 'tenantId');
  if (clientId === undefined) throw fail('answered without a clientId.');
  if (tenantId === undefined || !/^[\x20-\x7e]+$/.test(tenantId)) throw fail('answered without a usable tenantId.');
  const cuId = parseCuId(body['cuId']);
  if (cuId === undefined) throw fail('answered without a usable cuId.');
  return {
    clientId,
    tenantId,
    cuId,
    attestationEndpoint: attested ? parseAttestationEndpoint(imds, body, fail) : undefined,
  };
}

/** An object with a non-empty vmId or vmssId, or a non-empty string. An empty second id is kept, an absent one left out. */
function parseCuId(value: unknown): PlatformMetadata['cuId'] | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (!isJsonObject(value)) return undefined;
  const ids: Record<string, string> = {};
  for (const name of ['vmId', 'vmssId'] as const) {
    const id = value[name];
    if (id === undefined || id === null) continue;
    if (typeof id !== 'string') return undefined;
    ids[name] = id;
  }
  return Object.values(ids).some((id) => id !== '') ? ids : undefined;
}

/** Only looked at when the key is to be attested. */
function parseAttestationEndpoint(
  imds: ImdsEndpoint,
  body: JsonObject,
  fail: (problem: string, remediation?: string) => MsiV2Error,
): string {
  const value = nonBlank(body, 'attestationEndpoint');
  if (value === undefined) throw fail('answered without an attestationEndpoint, so this key cannot be attested.');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw fail('answered with an attestationEndpoint that is not an https URL.');
  }
  assertAllowedHost(imds, url, fail);
  return value;
}
