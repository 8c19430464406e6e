import { inspect } from 'node:util';
import type { INetworkModule } from 'msal-mi-core';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

test('J01: a cold acquisition asks each leg once and returns a token bound to the certificate presented', async () => {
  const result = await world.application().acquireToken(softwareRequest());

  expect(world.requests()).toEqual({ metadata: 1, issuecredential: 1, token: 1, attestation: 0 });
  expect(result).toMatchObject({
    tokenType: 'mtls_pop',
    fromCache: false,
    account: null,
    scopes: ['https://vault.azure.net/.default'],
  });
  const { x5tS256 } = result.bindingCertificate;
  expect(jwtClaims(result.accessToken)['cnf']).toEqual({ 'x5t#S256': x5tS256 });
  expect(world.emulator.journal.find(({ leg }) => leg === 'token')?.clientCertificateS256).toBe(x5tS256);
});

test('J02: the next call comes from the cache, with the same certificate and without any request', async () => {
  const app = world.application();
  const first = await app.acquireToken(softwareRequest());
  world.emulator.reset();
  const second = await app.acquireToken(softwareRequest());

  expect(second.fromCache).toBe(true);
  expect(second.accessToken).toBe(first.accessToken);
  expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
  expect(world.emulator.journal).toHaveLength(0);
});

test('rule D27: 50 concurrent cold calls of several applications cause one request per leg', async () => {
  const apps = Array.from({ length: 5 }, () => world.application());
  const calls = Array.from({ length: 50 }, (_, i) => apps[i % 5]!.acquireToken(softwareRequest()));
  const tokens = new Set((await Promise.all(calls)).map(({ accessToken }) => accessToken));

  expect(tokens.size).toBe(1);
  expect(world.requests()).toEqual({ metadata: 1, issuecredential: 1, token: 1, attestation: 0 });
});

test('rule D28: applications with different settings share results but no work in flight', async () => {
  const apps = [world.application(), world.application({ system: { disableInternalRetries: true } })];
  await Promise.all(apps.map((app) => app.acquireToken(softwareRequest())));

  expect(world.requests().token).toBe(2);
});

test('O03: a network client of the application serves IMDS only, never the connection that needs the key', async () => {
  const asked: string[] = [];
  const send = async (
    method: string,
    url: string,
    options: { headers?: Record<string, string>; body?: string } = {},
  ) => {
    asked.push(new URL(url).pathname);
    const { headers = {}, body = null } = options;
    const response = await fetch(url, { method, headers, body });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
  };
  const networkClient = {
    sendGetRequestAsync: (url: string, options?: object) => send('GET', url, options),
    sendPostRequestAsync: (url: string, options?: object) => send('POST', url, options),
  } as INetworkModule;
  const result = await world.application({ system: { networkClient } }).acquireToken(softwareRequest());

  expect(asked).toEqual(['/metadata/identity/getplatformmetadata', '/metadata/identity/issuecredential']);
  expect(world.emulator.journal.find(({ leg }) => leg === 'token')?.clientCertificateS256).toBe(
    result.bindingCertificate.x5tS256,
  );
});

test('a logger that turns the result into JSON gets no token, and the members are there for whoever reads them', async () => {
  const result = await world.application().acquireToken(softwareRequest());
  const written = JSON.stringify({ result });
  expect(written).toContain('"accessToken":"<redacted>"');
  expect(written).toContain(result.bindingCertificate.x5tS256);
  expect(written).not.toContain('eyJ');
  expect(written).not.toContain('BEGIN CERTIFICATE');
  expect({ ...result }.accessToken).toBe(result.accessToken);
});

test('nothing that inspect shows of the state of the process has the claims of a throttled request', async () => {
  world.emulator.fault('token', [{ status: 429, headers: { 'Retry-After': '60' } }]);
  const claimsFromClient = '{"id_token":{"acr":{"value":"clm_7f3a"}}}';
  await expect(world.application().acquireToken(softwareRequest({ claimsFromClient }))).rejects.toThrow();
  expect(inspect(world.state, { depth: 9, showHidden: true })).not.toContain('clm_7f3a');
});

test('software keys use no proxy, and the log says so once where one is named', async () => {
  const lines: string[] = [];
  const system = { loggerOptions: { loggerCallback: (_level: unknown, line: string) => void lines.push(line) } };
  for (const HTTPS_PROXY of ['http://127.0.0.1:1', 'http://127.0.0.1:1', ' ']) {
    await world.application({ system }, { HTTPS_PROXY }).acquireToken(softwareRequest());
  }
  expect(lines.filter((line) => line.includes('HTTPS_PROXY'))).toHaveLength(1);
  expect(lines.join()).not.toContain('127.0.0.1:1');
});
