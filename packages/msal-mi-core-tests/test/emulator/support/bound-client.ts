import { createHash, X509Certificate } from 'node:crypto';
import { request as httpsRequest, Agent } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Emulator } from 'msal-mi-emulator';
import { makeRequest } from './openssl-request.js';

/** Certificate and key of an emulated managed identity. */
export interface Credential {
  cert: string;
  key: string;
  thumbprint: string;
  clientId: string;
  tenantId: string;
  tokenUrl: string;
}

/** An answer with its body as text. */
export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

/** Options of one https request. */
export interface Call {
  ca: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  credential?: Pick<Credential, 'cert' | 'key'>;
  maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  agent?: Agent;
}

/** One https request that verifies the server against the emulator's CA. */
export async function call(
  url: string,
  { ca, method, headers, body, credential, maxVersion, agent }: Call,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const identity = credential ? { cert: credential.cert, key: credential.key } : {};
    const request = httpsRequest(
      url,
      {
        ca,
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: headers ?? {},
        agent: agent ?? false,
        ...identity,
        ...(maxVersion ? { maxVersion } : {}),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A request to IMDS with the metadata header. */
export async function imds(emulator: Emulator, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${emulator.imdsUrl}/metadata/${path}`, {
    ...init,
    headers: { Metadata: 'true', ...(init.headers as object) },
  });
}

/** Runs metadata, CSR (made by openssl) and issuecredential. */
export async function mintCredential(emulator: Emulator, selector = ''): Promise<Credential> {
  const metadata = (await (
    await imds(emulator, `identity/getplatformmetadata?cred-api-version=2.0${selector}`)
  ).json()) as {
    clientId: string;
    tenantId: string;
    cuId: object;
  };
  const { csr, privateKeyPem } = await makeRequest({ ...metadata, cuId: JSON.stringify(metadata.cuId) });
  const response = await postCsr(emulator, { csr }, selector);
  if (response.status !== 200) throw new Error(`issuecredential answered ${response.status}: ${await response.text()}`);
  const issued = (await response.json()) as {
    certificate: string;
    client_id: string;
    tenant_id: string;
    mtls_authentication_endpoint: string;
  };
  const der = Buffer.from(issued.certificate, 'base64');
  return {
    cert: new X509Certificate(der).toString(),
    key: privateKeyPem,
    thumbprint: createHash('sha256').update(der).digest('base64url'),
    clientId: issued.client_id,
    tenantId: issued.tenant_id,
    tokenUrl: `${issued.mtls_authentication_endpoint}/${issued.tenant_id}/oauth2/v2.0/token`,
  };
}

/** `POST issuecredential` with a JSON body. */
export async function postCsr(emulator: Emulator, body: object, query = ''): Promise<Response> {
  return imds(emulator, `identity/issuecredential?cred-api-version=2.0${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/**
 * A token request; `parameters` add to or replace those of the managed identity leg, undefined removes one.
 * `presented: null`: no client certificate.
 */
export async function requestToken(
  emulator: Emulator,
  credential: Credential,
  parameters: Record<string, string | undefined> = {},
  presented: Pick<Credential, 'cert' | 'key'> | null = credential,
): Promise<Reply> {
  const form: Record<string, string | undefined> = {
    grant_type: 'client_credentials',
    client_id: credential.clientId,
    scope: `${emulator.resources.handshake}/.default`,
    token_type: 'mtls_pop',
    ...parameters,
  };
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return call(credential.tokenUrl, {
    ca: emulator.ca,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(given).toString(),
    ...(presented ? { credential: presented } : {}),
  });
}

/** A bound token for a resource, or an error that shows the answer. */
export async function acquireToken(emulator: Emulator, credential: Credential, audience: string): Promise<string> {
  const reply = await requestToken(emulator, credential, { scope: `${audience}/.default` });
  if (typeof reply.json.access_token !== 'string') throw new Error(`no token: ${reply.text}`);
  return reply.json.access_token;
}
