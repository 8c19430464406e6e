/** Bearer tokens by configuration: msal-node acquires them, for a managed identity and for an application (D5). */
import { createServer, request as requestPlain, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from 'core/public-types.js';
import { CloudHost, SAMPLE_APPLICATION, SAMPLE_IDENTITY, WORLD_OPTIONS } from '../support/downstream.js';
import { formOf, queryOf, requestOf, requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const world = await untilTheEnd(World.start(WORLD_OPTIONS));
let host: CloudHost;
let server: Server;
let origin: string;
let received: Array<{ authorization: string | undefined; body: string }> = [];
/** Answers of the API, in order; 200 when there are none left. */
let answers: Array<{ status: number; headers?: Record<string, string> }> = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ authorization: request.headers.authorization, body });
      const { status, headers } = answers.shift() ?? { status: 200 };
      response.writeHead(status, headers).end('answer');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  world.renew();
  host = new CloudHost(world);
  received = [];
  answers = [];
});
afterAll(async () => {
  await new Promise((closed) => server.close(closed));
});

/** msal-node wants every authority to name one, also for flows that never go there. */
const AUTHORIZE = { authorization_endpoint: 'https://localhost/authorize' };

/** msal-node's own client cannot be told to trust the emulator. */
function trusting(ca: string): INetworkModule {
  const send = <T>(method: string, url: string, options: NetworkRequestOptions = {}) =>
    new Promise<NetworkResponse<T>>((resolve, reject) => {
      const isSecure = url.startsWith('https:');
      const headers = { ...options.headers, connection: 'close' };
      const request = (isSecure ? https.request : requestPlain)(
        url,
        { method, headers, ...(isSecure && { ca }) },
        (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers as Record<string, string>,
              body: { ...AUTHORIZE, ...JSON.parse(text) } as T,
            }),
          );
        },
      );
      request.on('error', reject).end(options.body);
    });
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

const configurationOf = (overrides: object = {}) => ({
  AzureAd: {
    Instance: world.emulator.tokenUrl,
    TenantId: world.emulator.tenantId,
    ClientId: SAMPLE_APPLICATION,
    ClientCredentials: [
      { SourceType: 'SignedAssertionFromManagedIdentity', ManagedIdentityClientId: SAMPLE_IDENTITY, ...overrides },
    ],
  },
  Api: { BaseUrl: origin, Scopes: ['https://graph.microsoft.com/.default'], RequestAppToken: true },
});
const directly = () => {
  const { Api } = configurationOf();
  return {
    Api: { ...Api, AcquireTokenOptions: { ManagedIdentity: { UserAssignedClientId: SAMPLE_IDENTITY } } },
  };
};
const withTrust = () => ({ system: { networkClient: trusting(world.emulator.ca) } });

test('N02, N17: without a protocol scheme a managed identity sends a bearer token, over a connection without certificate', async () => {
  const response = await host.downstreamApi(directly()).callApiForApp('Api', { ProtocolScheme: 'bearer' });

  expect(await response.text()).toBe('answer');
  const [, token] = /^Bearer (.+)$/.exec(received[0]?.authorization ?? '') ?? [];
  expect(jwtClaims(token!)).toMatchObject({ appid: SAMPLE_IDENTITY, aud: 'https://graph.microsoft.com' });
  expect(queryOf(requestOf(world.emulator, 'v1'))).toMatchObject({ client_id: SAMPLE_IDENTITY });
  expect(world.requests().issuecredential).toBe(0);
});

test('M04: an application with an unbound assertion gets a bearer token at the ordinary host, as jwt-bearer', async () => {
  const response = await host.downstreamApi(configurationOf(), withTrust()).callApiForApp('Api');

  expect(response.status).toBe(200);
  const [, token] = /^Bearer (.+)$/.exec(received[0]?.authorization ?? '') ?? [];
  expect(jwtClaims(token!)).toMatchObject({ appid: SAMPLE_APPLICATION });
  const exchange = requestsOf(world.emulator, 'token').find(({ method }) => method === 'POST');
  expect(formOf(exchange!)).toMatchObject({
    client_id: SAMPLE_APPLICATION,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    scope: 'https://graph.microsoft.com/.default',
  });
  expect(exchange?.clientCertificateS256).toBeUndefined();
  expect(world.requests().issuecredential).toBe(0);
});

test('a bearer token is acquired once and reused', async () => {
  const api = host.downstreamApi(configurationOf(), withTrust());
  const first = await api.createAuthorizationHeaderForApp('Api');
  expect(await api.createAuthorizationHeaderForApp('Api')).toBe(first);
  expect(requestsOf(world.emulator, 'token').filter(({ method }) => method === 'POST')).toHaveLength(1);
});

test('rule D10: system.timeout bounds the whole acquisition', async () => {
  let networkClient = trusting(world.emulator.ca);
  const asked = new Promise<void>((resolve) => {
    const neverAnswer = () => new Promise<never>(() => resolve());
    networkClient = { ...networkClient, sendPostRequestAsync: neverAnswer };
  });
  const api = host.downstreamApi(configurationOf(), { system: { networkClient, timeout: 30_000 } });
  const overrides = { AcquireTokenOptions: { CorrelationId: 'call-1' } };
  const call = rejection(api.createAuthorizationHeaderForApp('Api', overrides));
  await asked;
  world.clock.advance(30_000);

  expect(await call).toMatchObject({ errorCode: 'request_timeout', correlationId: 'call-1', retryable: true });
});

const CLAIMS = Buffer.from('{"access_token":{"acrs":{"value":"c1"}}}').toString('base64');
const CHALLENGE = {
  status: 401,
  headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${CLAIMS}"` },
};

test('a claims challenge to a bearer token is answered once, with the same body', async () => {
  answers = [CHALLENGE, { status: 401 }];
  const api = host.downstreamApi(configurationOf(), withTrust());
  const response = await api.callApiForApp('Api', { HttpMethod: 'POST', body: 'twice' });

  expect(response.status).toBe(401);
  expect(received.map(({ body }) => body)).toEqual(['twice', 'twice']);
  const tokens = received.map(({ authorization }) => jwtClaims(authorization!.slice('Bearer '.length))['acrs']);
  expect(tokens).toEqual([undefined, ['c1']]);
});

test('a body that is a stream is sent once: the challenge is the answer', async () => {
  answers = [CHALLENGE];
  const body = new Blob(['once']).stream();
  const response = await host
    .downstreamApi(directly())
    .callApiForApp('Api', { HttpMethod: 'POST', body: body as ReadableStream<Uint8Array> });
  expect(response.status).toBe(401);
  expect(received).toHaveLength(1);
});

test('what Entra ID refuses is a typed error without the assertion in it', async () => {
  const api = host.downstreamApi(configurationOf(), withTrust());
  const refusal = {
    error: 'unauthorized_client',
    error_description: 'AADSTS700016: not found.',
    error_codes: [700016],
  };
  world.emulator.fault('token', [{ oauthError: refusal }]);
  const error: unknown = await api.callApiForApp('Api').catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ name: 'ManagedIdentityError', errorCode: 'unauthorized_client' });
  expect(JSON.stringify(error) + String(error)).not.toContain('eyJ');
  expect(received).toHaveLength(0);
});

describe('rule D33: MTLS_BEARER', () => {
  const overMtls = { ProtocolScheme: 'MTLS_Bearer' } as const;
  const tokenSent = () => /^Bearer (.+)$/.exec(received[0]?.authorization ?? '')?.[1] ?? '';

  test('gets a managed identity a bearer token with an attested certificate', async () => {
    await host.downstreamApi(directly()).callApiForApp('Api', overMtls);

    expect(jwtClaims(tokenSent())).toMatchObject({ appid: SAMPLE_IDENTITY, aud: 'https://graph.microsoft.com' });
    expect(jwtClaims(tokenSent())['cnf']).toBeUndefined();
    const exchange = requestOf(world.emulator, 'token');
    expect(formOf(exchange)).toMatchObject({ token_type: 'bearer' });
    expect(exchange.clientCertificateS256).toEqual(expect.any(String));
    expect(world.requests()).toMatchObject({ attestation: 1, issuecredential: 1 });
  });

  test('gets an application a bearer token with a bound assertion', async () => {
    const mtls = { AzureAd: { ...configurationOf().AzureAd, Instance: 'https://login.microsoftonline.com' } };
    await host.downstreamApi({ ...configurationOf(), ...mtls }).callApiForApp('Api', overMtls);

    expect(jwtClaims(tokenSent())).toMatchObject({ appid: SAMPLE_APPLICATION });
    const [, second] = requestsOf(world.emulator, 'token');
    expect(formOf(second!)['client_assertion_type']).toMatch(/jwt-pop$/);
  });

  test('is never what MTLS_POP turns into', async () => {
    world.emulator.fault('token', [{ refusal: 'AADSTS392196' }]);
    const https = { BaseUrl: 'https://localhost:1', ProtocolScheme: 'MTLS_POP' };
    const error = await rejection(host.downstreamApi(directly()).callApiForApp('Api', https));

    expect(error).toMatchObject({ aadstsCode: '392196' });
    expect(requestsOf(world.emulator, 'token').map((entry) => formOf(entry)['token_type'])).toEqual(['mtls_pop']);
    expect(received).toEqual([]);
  });

  test('is refused on behalf of a user, and without a credential that has a certificate', async () => {
    const call = (configuration: object, overrides: object = overMtls) =>
      rejection(host.downstreamApi(configuration).callApiForApp('Api', overrides));
    const { Api } = configurationOf();
    expect(await call({ Api }, { ...overMtls, RequestAppToken: false })).toMatchObject({
      errorCode: 'app_token_required',
    });
    expect(await call({ Api })).toMatchObject({ errorCode: 'bound_credential_missing' });
    expect(await call({ Api }, { ProtocolScheme: 'MTLS' })).toMatchObject({ errorCode: 'invalid_configuration' });
  });
});
