import { request as httpsRequest } from 'node:https';
import { ManagedIdentityApplication } from '@azure/msal-node';
import { createRemoteJWKSet, customFetch as joseFetch, jwtVerify } from 'jose';
import { startEmulator } from 'msal-mi-emulator';
import * as oauth from 'oauth4webapi';
import { mintCredential, type Credential } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);

/** A fetch over node:https, with or without the client certificate: the transport the client leaves to its user. */
function transport(presented: Credential | undefined) {
  return async (
    url: string,
    { method, headers, body }: { method: string; headers: Record<string, string>; body?: unknown },
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      const identity = presented ? { cert: presented.cert, key: presented.key } : {};
      const request = httpsRequest(url, { method, headers, ca: emulator.ca, ...identity }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const contentType = response.headers['content-type'] ?? '';
          resolve(
            new Response(Buffer.concat(chunks), {
              status: response.statusCode ?? 0,
              headers: { 'content-type': contentType },
            }),
          );
        });
      });
      request.on('error', reject);
      request.end(body instanceof URLSearchParams ? body.toString() : undefined);
    });
}

it('oauth4webapi discovers the endpoint, authenticates by tls_client_auth and gets a bound token that jose verifies', async () => {
  const issuer = new URL(`${emulator.tokenUrl}/${credential.tenantId}/v2.0`);
  const discovery = await oauth.discoveryRequest(issuer, { [oauth.customFetch]: transport(undefined) });
  const server = await oauth.processDiscoveryResponse(issuer, discovery);
  expect(server.tls_client_certificate_bound_access_tokens).toBe(true);

  const client: oauth.Client = { client_id: credential.clientId, use_mtls_endpoint_aliases: true };
  const parameters = { scope: `${emulator.resources.handshake}/.default`, token_type: 'mtls_pop' };
  const response = await oauth.clientCredentialsGrantRequest(server, client, oauth.TlsClientAuth(), parameters, {
    [oauth.customFetch]: transport(credential),
  });
  const result = await oauth.processClientCredentialsResponse(server, client, response, {
    recognizedTokenTypes: { mtls_pop: () => undefined },
  });
  expect(result.token_type).toBe('mtls_pop');

  const keys = createRemoteJWKSet(new URL(server.jwks_uri!), {
    [joseFetch]: async (url: string) => transport(undefined)(url, { method: 'GET', headers: {} }),
  });
  const { payload } = await jwtVerify(result.access_token, keys, {
    issuer: server.issuer,
    audience: emulator.resources.handshake,
    algorithms: ['RS256'],
  });
  expect(payload.cnf).toEqual({ 'x5t#S256': credential.thumbprint });
});

it('oauth4webapi reads the refusal when it has no certificate', async () => {
  const issuer = new URL(`${emulator.tokenUrl}/${credential.tenantId}/v2.0`);
  const server = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { [oauth.customFetch]: transport(undefined) }),
  );
  const client: oauth.Client = { client_id: credential.clientId };
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client,
    oauth.TlsClientAuth(),
    new URLSearchParams(),
    {
      [oauth.customFetch]: transport(undefined),
    },
  );
  await expect(oauth.processClientCredentialsResponse(server, client, response)).rejects.toMatchObject({
    status: 400,
    error: 'invalid_request',
  });
});

describe('@azure/msal-node', () => {
  let before: string | undefined;
  beforeAll(() => {
    before = process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST;
    else process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = before;
  });

  it('gets a bearer token of IMDS v1 for the system-assigned identity, and serves it from its cache', async () => {
    emulator.reset();
    const application = new ManagedIdentityApplication();
    const result = await application.acquireToken({ resource: 'https://vault.azure.net' });
    expect(result.tokenType).toBe('Bearer');
    expect(result.fromCache).toBe(false);
    await application.acquireToken({ resource: 'https://vault.azure.net' });
    expect(emulator.journal.map(({ status, leg }) => [leg, status])).toEqual([['imds', 200]]);
    const keys = createRemoteJWKSet(new URL(`${emulator.tokenUrl}/${emulator.tenantId}/discovery/v2.0/keys`), {
      [joseFetch]: async (url: string) => transport(undefined)(url, { method: 'GET', headers: {} }),
    });
    const { payload } = await jwtVerify(result.accessToken, keys, { audience: 'https://vault.azure.net' });
    expect(payload).toMatchObject({ appid: emulator.systemAssigned.clientId });
    expect(payload.cnf).toBeUndefined();
  });

  it('gets one for a user-assigned identity by resource id', async () => {
    const [identity] = emulator.identities;
    const application = new ManagedIdentityApplication({
      managedIdentityIdParams: { userAssignedResourceId: identity!.resourceId },
    });
    const { accessToken } = await application.acquireToken({ resource: 'https://graph.microsoft.com' });
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1]!, 'base64url').toString()) as object;
    expect(claims).toMatchObject({ appid: identity!.clientId, xms_mirid: identity!.resourceId });
  });
});
