/** Resource servers of one's own, over real TLS connections with real certificates (RFC 8705 section 3). */
import https from 'node:https';
import { createServer as createPlainServer } from 'node:http';
import { createLocalJWKSet, createRemoteJWKSet } from 'jose';
import { requireMtlsPop, type RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { createAuthorizationHeader } from 'core/result.js';
import { AUDIENCE, type TokenIssuer } from '../support/bound-tokens.js';
import { ResourceServers, type Client } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const servers = await untilTheEnd(ResourceServers.start());
let issuer: TokenIssuer;
let client: Client;
let thief: Client;
let options: RequireMtlsPopOptions;
let origin: string;

beforeAll(async () => {
  ({ issuer, client, thief, options } = servers);
  origin = await servers.serve();
});

function call(as: Client, authorization: string | undefined, url = origin): Promise<Response> {
  return servers.call(as, authorization, url);
}

test('a request with a token that is bound to its certificate is served, and told who calls', async () => {
  const response = await call(client, `mtls_pop ${await issuer.sign(client.x5tS256, { appid: 'caller' })}`);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ thumbprintS256: client.x5tS256, claims: { appid: 'caller' } });
});

test.each(['MTLS_POP', 'Mtls_Pop', 'mtls_pop '])('the scheme is accepted as %j too', async (scheme) => {
  expect((await call(client, `${scheme} ${await issuer.sign(client.x5tS256)}`)).status).toBe(200);
});

test('a stolen token is refused over the certificate of the thief', async () => {
  const response = await call(thief, `mtls_pop ${await issuer.sign(client.x5tS256)}`);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    'mtls_pop error="invalid_token", error_description="The token is bound to another certificate than the one presented"',
  );
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ error: 'invalid_token' });
});

test('a stolen token is refused over a connection without a certificate', async () => {
  // A server that asks nobody for a certificate lets such connections come up to the middleware.
  const url = await servers.serve(options, { ...servers.tls, requestCert: false });
  const authorization = `mtls_pop ${await issuer.sign(client.x5tS256)}`;
  const status = await new Promise((resolve, reject) => {
    https
      .get(url, { ca: servers.pki.authority.pem, agent: false, headers: { authorization } }, (response) => {
        response.resume();
        resolve([response.statusCode, response.headers['www-authenticate']]);
      })
      .on('error', reject);
  });
  expect(status).toEqual([401, expect.stringContaining('presented no client certificate')]);
});

test('the key set is fetched once for many requests', async () => {
  await servers.verify(`mtls_pop ${await issuer.sign(client.x5tS256)}`);
  const { fetched } = issuer;
  await Promise.all(
    Array.from({ length: 10 }, async () => servers.verify(`mtls_pop ${await issuer.sign(client.x5tS256)}`)),
  );
  expect(issuer.fetched).toBe(fetched);
});

test('a key set that cannot be had is not the fault of the client: the middleware passes the error on', async () => {
  const nowhere = createPlainServer((_request, response) => response.writeHead(503).end());
  const jwks = new URL(`http://127.0.0.1:${await servers.listen(nowhere)}/keys`);
  const url = await servers.serve({ ...options, jwks });
  const response = await call(client, `mtls_pop ${await issuer.sign(client.x5tS256)}`, url);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ errorCode: 'key_set_unavailable' });
});

test.each([
  ['no options', undefined],
  ['an empty issuer', { issuer: '' }],
  ['no issuer', { issuer: undefined }],
  ['an empty list of audiences', { audience: [] }],
  ['a blank audience in a list', { audience: [AUDIENCE, ' '] }],
  ['a key set over http', { jwks: new URL('http://issuer.example/keys') }],
  ['a key set as text', { jwks: 'https://issuer.example/keys' }],
  ['a negative tolerance', { clockToleranceSeconds: -1 }],
  ['a tolerance of hours', { clockToleranceSeconds: 7200 }],
  ['a required claim that is not a name', { requiredClaims: [1] }],
  ['no trusted proxy', { forwardedCertificate: { header: 'client-cert', format: 'client-cert', trustedProxies: [] } }],
  ['everybody as proxy', { forwardedCertificate: { header: 'c', format: 'nginx', trustedProxies: ['0.0.0.0/0'] } }],
  ['a proxy by name', { forwardedCertificate: { header: 'c', format: 'nginx', trustedProxies: ['proxy.local'] } }],
  ['an unknown format', { forwardedCertificate: { header: 'c', format: 'toString', trustedProxies: ['::1'] } }],
  ['a header that is none', { forwardedCertificate: { header: 'a b', format: 'nginx', trustedProxies: ['::1'] } }],
])('options with %s are refused when the server starts', (_name, changes) => {
  const broken = changes && { ...options, ...changes };
  expect(() => requireMtlsPop(broken as never)).toThrow(
    expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
  );
});

test('a server of one’s own accepts a token of the token service, and refuses it to everybody else', async () => {
  const world = await World.start();
  try {
    const { emulator } = world;
    const agent = new https.Agent({ ca: emulator.ca });
    const keysUrl = `${emulator.tokenUrl}/${emulator.tenantId}/discovery/v2.0/keys`;
    const keys = await new Promise<string>((resolve, reject) => {
      https
        .get(keysUrl, { agent }, (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
        })
        .on('error', reject);
    });
    const accepted = {
      issuer: `${emulator.tokenUrl}/${emulator.tenantId}/v2.0`,
      audience: 'api://own-api',
      jwks: createLocalJWKSet(JSON.parse(keys) as Parameters<typeof createLocalJWKSet>[0]),
    };
    const url = await servers.serve(accepted, { ...servers.tls, ca: [servers.pki.authority.pem, emulator.ca] });
    const app = world.application({ system: { ca: [emulator.ca, servers.pki.authority.pem] } });
    const result = await app.acquireToken(softwareRequest({ resource: 'api://own-api' }));
    const authorization = createAuthorizationHeader(result);

    const response = await result.binding.fetch(url, { headers: { authorization } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ thumbprintS256: result.bindingCertificate.x5tS256 });
    expect((await call(thief, authorization, url)).status).toBe(401);
    agent.destroy();
  } finally {
    await world.close();
  }
});

test('jose’s own resolvers fit the option', () => {
  const jwks: RequireMtlsPopOptions['jwks'] = createRemoteJWKSet(new URL('https://issuer.example/keys'));
  expect(() => requireMtlsPop({ ...options, jwks })).not.toThrow();
});
