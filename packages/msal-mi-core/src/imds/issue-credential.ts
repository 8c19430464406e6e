/** Step 5: CSR and evidence in, certificate and token endpoint out (D16, D23). */
import type { Call } from '../call.js';
import { MsiV2Error } from '../errors.js';
import { nonBlank, parseJsonObject } from '../json.js';
import type { Evidence, IssuedCredential } from '../model.js';
import type { HttpResponse } from '../ports.js';
import {
  callImds,
  CREDENTIAL_API_VERSION,
  imdsRefusal,
  imdsUnusable,
  type ImdsEndpoint,
  type ImdsRequest,
} from './endpoint.js';

const ISSUE_PATH = '/metadata/identity/issuecredential';
const TENANT = /^[A-Za-z0-9.-]+$/;

export interface CredentialRequest {
  /** PKCS#10, Base64 of the DER on one line. */
  readonly csr: string;
  readonly evidence: Evidence;
  /** True when the last certificate was refused: IMDS must not answer with a kept one. */
  readonly bypassCache: boolean;
}

export async function issueCredential(
  endpoint: ImdsEndpoint,
  { csr, evidence, bypassCache }: CredentialRequest,
  call: Call,
): Promise<IssuedCredential> {
  const secrets = evidence.kind === 'attested' ? [csr, evidence.jwt] : [csr];
  const plain: ImdsRequest = {
    method: 'POST',
    path: ISSUE_PATH,
    query: CREDENTIAL_API_VERSION,
    headers: { Metadata: 'true', 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ csr, ...(evidence.kind === 'attested' && { attestation_token: evidence.jwt }) }),
    stage: 'issuecredential',
  };
  const bypassing: ImdsRequest = { ...plain, query: { ...CREDENTIAL_API_VERSION, bypass_cache: 'true' } };
  let response = await callImds(endpoint, bypassCache ? bypassing : plain, call);
  // IMDS refuses query variables it does not know, and not every version knows this one.
  if (bypassCache && response.status === 400) response = await callImds(endpoint, plain, call);
  if (response.status !== 200) throw imdsRefusal(plain, response, call, secrets);
  return processCredential(plain, response, call);
}

function processCredential(request: ImdsRequest, response: HttpResponse, call: Call): IssuedCredential {
  const fail = (problem: string) => imdsUnusable(request, response, call, problem);
  const body = parseJsonObject(response.body);
  if (body === undefined) throw fail('answered something that is not a JSON object.');
  const required = (name: string): string => {
    const value = nonBlank(body, name);
    if (value === undefined) throw fail(`answered without ${name}.`);
    return value;
  };
  const clientId = required('client_id');
  const tenantId = required('tenant_id').replace(/^\/+|\/+$/g, '');
  const certificate = required('certificate');
  required('identity_type');
  if (!TENANT.test(tenantId)) throw fail('answered with a tenant_id that cannot stand in a URL.');
  const endpoint = parseEndpoint(required('mtls_authentication_endpoint'));
  if (endpoint === undefined)
    throw fail('answered with an mtls_authentication_endpoint that is not a plain https URL.');
  return { clientId, tenantId, certificate: decodeCertificate(certificate, request, call), endpoint };
}

function parseEndpoint(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function decodeCertificate(base64: string, { stage }: ImdsRequest, { correlationId }: Call): Uint8Array {
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    throw new MsiV2Error('invalid_certificate', {
      stage,
      correlationId,
      httpStatus: 200,
      message: 'The certificate that was issued is not Base64.',
    });
  }
  return new Uint8Array(Buffer.from(compact, 'base64'));
}
