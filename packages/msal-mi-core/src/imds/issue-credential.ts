/** Step 5: CSR and evidence in, certificate and token endpoint out (D16, D23). */
import type { Call } from '../call.js';
import { MsiV2Error } from '../errors.js';
import { nonBlank, parseJsonAnswer } from '../json.js';
import type { Evidence, IssuedCredential, PlatformMetadata } from '../model.js';
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

const ISSUE_PATH = '/metadata/identity/issuecredential';
/** A GUID or a domain. */
const TENANT = /^[A-Za-z0-9.-]+$/;
const NO_TENANTS = new Set(['.', '..', 'common', 'organizations', 'consumers']);

export interface CredentialRequest {
  /** PKCS#10, Base64 of the DER on one line. */
  readonly csr: string;
  readonly evidence: Evidence;
  /** True when the last certificate was refused: IMDS must not answer with a kept one. */
  readonly bypassCache: boolean;
  /** Whose credential it has to be. */
  readonly metadata: Pick<PlatformMetadata, 'clientId' | 'tenantId'>;
}

export async function issueCredential(
  endpoint: ImdsEndpoint,
  { csr, evidence, bypassCache, metadata }: CredentialRequest,
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
  if (response.status !== 200) throw (await loadFailures()).refused(endpoint, plain, response, call, secrets);
  return processCredential(endpoint, plain, response, metadata, call);
}

function processCredential(
  imds: ImdsEndpoint,
  request: ImdsRequest,
  response: HttpResponse,
  metadata: CredentialRequest['metadata'],
  call: Call,
): IssuedCredential {
  const fail = (problem: string, remediation?: string) =>
    imdsUnusable(imds, request, response, call, problem, remediation);
  const body = parseJsonAnswer(response.body);
  if (body === undefined) throw fail('answered something that is not a JSON object.');
  const required = (name: string): string => {
    const value = nonBlank(body, name);
    if (value === undefined) throw fail(`answered without ${name}.`);
    return value;
  };
  const clientId = required('client_id');
  const tenantId = withoutOuterSlashes(required('tenant_id'));
  const certificate = required('certificate');
  required('identity_type');
  const endpoint = parseEndpoint(required('mtls_authentication_endpoint'));
  if (endpoint === undefined)
    throw fail('answered with an mtls_authentication_endpoint that is not a plain https URL.');
  assertAllowedHost(imds, endpoint, fail);
  const wrongMember = mismatch({ clientId, tenantId }, metadata);
  if (wrongMember !== undefined) throw notOurs(wrongMember, request, call);
  const base = withoutOuterSlashes(`${endpoint.origin}${endpoint.pathname}`);
  return { clientId, tenantId, certificate: decodeCertificate(certificate, request, call), endpoint: base };
}

/** Another identity's credential, or a tenant that stands for many, must not come into use (D16). */
function mismatch(issued: CredentialRequest['metadata'], metadata: CredentialRequest['metadata']): string | undefined {
  const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  if (!isSame(issued.clientId, metadata.clientId)) return 'client_id';
  const isTenant = TENANT.test(issued.tenantId) && !NO_TENANTS.has(issued.tenantId.toLowerCase());
  return isTenant && isSame(issued.tenantId, metadata.tenantId) ? undefined : 'tenant_id';
}

function notOurs(member: string, { stage }: ImdsRequest, { correlationId }: Call): MsiV2Error {
  return new MsiV2Error('invalid_credential', {
    stage,
    correlationId,
    httpStatus: 200,
    message: `The ${member} of the issued credential is not that of the metadata.`,
  });
}

/**
 * In time that is proportional to the length: the end begins where no slash is before it.
 *
 * @internal
 */
export function withoutOuterSlashes(text: string): string {
  return text.replace(/^\/+|(?<!\/)\/+$/g, '');
}

function parseEndpoint(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:') return undefined;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '' ? url : undefined;
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
