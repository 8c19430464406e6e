/** The recipes of the documentation: other HTTP clients over the certificate of a binding. */
import { once } from 'node:events';
import https from 'node:https';
import axios from 'axios';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { createAuthorizationHeader } from 'core/result.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const world = await untilTheEnd(World.start());
const app = world.application();
const resource = world.emulator.resources.handshake;

const boundFetch = () => createMtlsFetch(app, { resource, minStrength: MtlsBindingStrength.Software });
const acquire = () => app.acquireToken(softwareRequest({ resource }));
const accepted = { ok: true, method: 'GET', path: '/things' };

test('https.Agent: TLS options of the binding', async () => {
  const result = await acquire();
  const agent = new https.Agent({ ...result.binding.tlsOptions(), ca: world.emulator.ca, keepAlive: true });
  const headers = { authorization: createAuthorizationHeader(result) };
  const request = https.get(`${resource}/things`, { agent, headers });
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  agent.destroy();

  expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject(accepted);
});

test('undici: an Agent with allowH2: false', async () => {
  const result = await acquire();
  const dispatcher = new Agent({ allowH2: false, connect: { ...result.binding.tlsOptions(), ca: world.emulator.ca } });
  const headers = { authorization: createAuthorizationHeader(result) };
  const response = await undiciFetch(`${resource}/things`, { dispatcher, headers });

  expect(await response.json()).toMatchObject(accepted);
  await dispatcher.close();
});

test('axios: the fetch adapter with our fetch', async () => {
  const client = axios.create({ adapter: 'fetch', env: { fetch: boundFetch() } });
  const { data } = await client.get<unknown>(`${resource}/things`);
  const posted = await client.post<{ body: string }>(`${resource}/things`, { a: 1 });

  expect(data).toMatchObject(accepted);
  expect(posted.data.body).toBe('{"a":1}');
});

test('oauth4webapi: customFetch', async () => {
  const url = new URL(`${resource}/things`);
  const options = {
    [oauth.customFetch]: boundFetch() as NonNullable<oauth.ProtectedResourceRequestOptions[typeof oauth.customFetch]>,
  };
  const response = await oauth.protectedResourceRequest('replaced', 'GET', url, undefined, null, options);

  expect(await response.json()).toMatchObject(accepted);
});

test('openid-client: customFetch', async () => {
  const issuer = world.emulator.tokenUrl;
  const configuration = new oidc.Configuration({ issuer }, 'client');
  configuration[oidc.customFetch] = boundFetch() as oidc.CustomFetch;
  const url = new URL(`${resource}/things`);
  const response = await oidc.fetchProtectedResource(configuration, 'replaced', url, 'GET');

  expect(await response.json()).toMatchObject(accepted);
});
