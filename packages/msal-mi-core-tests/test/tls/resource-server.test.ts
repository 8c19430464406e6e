/** Resource servers of one's own, over real TLS connections with real certificates (RFC 8705 section 3). */
import { createHash, createHmac, generateKeyPairSync, X509Certificate } from 'node:crypto';
import https from 'node:https';
import { createServer as createPlainServer, request as plainRequest } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createRemoteJWKSet, exportSPKI, importJWK } from 'jose';
import { fetchOverChannel } from '../../../msal-mi-core/src/downstream/channel-fetch.js';
import { isMsalMiError } from '../../../msal-mi-core/src/errors.js';
import type { MtlsChannel } from '../../../msal-mi-core/src/ports.js';
import {
  createCertificateSource,
  requireMtlsPop,
  verifyMtlsPop,
  type ForwardedCertificateOptions,
  type RequireMtlsPopOptions,
} from '../../../msal-mi-core/src/resource-server/index.js';
import { createAuthorizationHeader } from '../../../msal-mi-core/src/types.js';
import { AUDIENCE, ISSUER, TokenIssuer } from '../support/bound-tokens.js';
import { createTestPki, openSoftwareChannel, type TestPki } from '../support/test-pki.js';
import { softwareRequest, World } from '../support/world.js';

interface Client {
  readonly channel: MtlsChannel;
  readonly certificate: X509Certificate;
  readonly x5tS256: string;
}

let issuer: TokenIssuer;
let pki: TestPki;
let client: Client;
let thief: Client;
let origin: string;
let options: RequireMtlsPopOptions;
const servers: Server[] = [];

beforeAll(async () => {
  [issuer, pki] = await Promise.all([TokenIssuer.start(), createTestPki()]);
  client = await openClient();
  thief = await openClient();
  options = { issuer: ISSUER, audience: AUDIENCE, jwks: issuer.jwks };
  origin = await serve(options);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed).unref())));
  await issuer.close();
});

async function openClient(): Promise<Client> {
  const { channel, certificate } = await openSoftwareChannel(pki.authority);
  return { channel, certificate, x5tS256: thumbprint(certificate.raw) };
}

const thumbprint = (der: Uint8Array) => createHash('sha256').update(der).digest('base64url');

/** An application with the middleware in front: it answers with what it was told, or 500 with the code of a failure. */
function application(middleware: ReturnType<typeof requireMtlsPop>) {
  return (req: object, res: { statusCode: number; end(body: string): unknown }) =>
    middleware(req, res, (error) => {
      if (error !== undefined) res.statusCode = 500;
      const { mtlsPop } = req as { mtlsPop?: unknown };
      res.end(JSON.stringify(isMsalMiError(error) ? { errorCode: error.errorCode } : mtlsPop));
    });
}

/** A TLS server that asks for certificates of the test authority. */
async function serve(middlewareOptions: RequireMtlsPopOptions): Promise<string> {
  const handler = application(requireMtlsPop(middlewareOptions));
  const { cert, key } = pki.server;
  const server = https.createServer(
    { cert, key, ca: pki.authority.pem, requestCert: true, rejectUnauthorized: false },
    handler,
  );
  return `https://localhost:${await listen(server)}`;
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

function call(as: Client, authorization: string | undefined, url = origin): Promise<Response> {
  return fetchOverChannel(as.channel, url, { headers: authorization === undefined ? {} : { authorization } });
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
  const authorization = `mtls_pop ${await issuer.sign(client.x5tS256)}`;
  const status = await new Promise((resolve, reject) => {
    https
      .get(origin, { ca: pki.authority.pem, agent: false, headers: { authorization } }, (response) => {
        response.resume();
        resolve([response.statusCode, response.headers['www-authenticate']]);
      })
      .on('error', reject);
  });
  expect(status).toEqual([401, expect.stringContaining('presented no client certificate')]);
});

const now = () => Math.floor(Date.now() / 1000);
const REFUSED_CLAIMS: Array<[string, string, () => Record<string, unknown>]> = [
  ['no confirmation claim', 'not_bound', () => ({ cnf: undefined })],
  ['a confirmation claim that is no object', 'not_bound', () => ({ cnf: 'x' })],
  ['a confirmation of a key instead of a certificate', 'not_bound', () => ({ cnf: { jkt: 'A'.repeat(43) } })],
  ['an empty thumbprint', 'not_bound', () => ({ cnf: { 'x5t#S256': '' } })],
  ['a list of thumbprints', 'not_bound', () => ({ cnf: { 'x5t#S256': [client.x5tS256] } })],
  [
    'the thumbprint in hexadecimal',
    'not_bound',
    () => ({
      cnf: { 'x5t#S256': Buffer.from(client.x5tS256, 'base64url').toString('hex') },
    }),
  ],
  ['the thumbprint of another certificate', 'other_certificate', () => ({ cnf: { 'x5t#S256': thief.x5tS256 } })],
  ['another issuer', 'wrong_issuer', () => ({ iss: 'https://issuer.example/other/v2.0' })],
  ['no issuer', 'wrong_issuer', () => ({ iss: undefined })],
  ['another audience', 'wrong_audience', () => ({ aud: 'api://other' })],
  ['no audience', 'wrong_audience', () => ({ aud: undefined })],
  ['an end in the past', 'expired', () => ({ exp: now() - 5 })],
  ['no end', 'missing_claim', () => ({ exp: undefined })],
  ['a beginning in the future', 'not_yet_valid', () => ({ nbf: now() + 300 })],
  ['a beginning that is no number', 'missing_claim', () => ({ nbf: 'tomorrow' })],
];
test.each(REFUSED_CLAIMS)('a token with %s is refused as %s', async (_name, reason, changes) => {
  const authorization = `mtls_pop ${await issuer.sign(client.x5tS256, changes())}`;
  expect((await call(client, authorization)).status).toBe(401);
  await expect(verify(authorization)).rejects.toMatchObject({
    name: 'MtlsPopRefusal',
    errorCode: 'invalid_token',
    httpStatus: 401,
    reason,
  });
});

function verify(authorization: string | undefined, changes: Partial<RequireMtlsPopOptions> = {}) {
  return verifyMtlsPop({ authorization, peerCertificate: client.certificate.raw }, { ...options, ...changes });
}

test('a token that another key signed under the name of the published one is refused', async () => {
  const { privateKey } = await import('jose').then((jose) => jose.generateKeyPair('RS256'));
  const forged = await issuer.sign(client.x5tS256, {}, {}, privateKey);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'invalid_signature' });
});

test('a token that was changed after it was signed is refused', async () => {
  const [header, , signature] = (await issuer.sign(thief.x5tS256)).split('.');
  const [, payload] = (await issuer.sign(client.x5tS256)).split('.');
  await expect(verify(`mtls_pop ${[header, payload, signature].join('.')}`)).rejects.toMatchObject({
    reason: 'invalid_signature',
  });
});

test('key confusion: a token signed with the public key as shared secret is refused', async () => {
  const claims = (await issuer.sign(client.x5tS256)).split('.')[1]!;
  const spki = await exportSPKI((await importJWK(issuer.publicJwk, 'RS256')) as Parameters<typeof exportSPKI>[0]);
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'key-1' })).toString('base64url');
  const mac = createHmac('sha256', spki).update(`${header}.${claims}`).digest('base64url');
  const jwks = () => Promise.resolve(new TextEncoder().encode(spki));
  for (const changes of [{}, { jwks }]) {
    await expect(verify(`mtls_pop ${header}.${claims}.${mac}`, changes)).rejects.toMatchObject({
      reason: 'algorithm_not_allowed',
    });
  }
});

test.each(['none', 'None', 'HS512', 'RS1'])('the algorithm %s is refused', async (alg) => {
  const [, payload, signature] = (await issuer.sign(client.x5tS256)).split('.');
  const header = Buffer.from(JSON.stringify({ alg, kid: 'key-1' })).toString('base64url');
  await expect(verify(`mtls_pop ${header}.${payload}.${signature}`)).rejects.toMatchObject({
    reason: 'algorithm_not_allowed',
  });
});

test('a key that the token brings along is not looked at', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { SignJWT } = await import('jose');
  const claims = JSON.parse(
    Buffer.from((await issuer.sign(client.x5tS256)).split('.')[1]!, 'base64url').toString(),
  ) as object;
  const jwk = publicKey.export({ format: 'jwk' });
  const forged = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'own', jwk })
    .sign(privateKey);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'unknown_key' });
});

test('an algorithm that the published key is not for is refused', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const forged = await issuer.sign(client.x5tS256, {}, { alg: 'ES256' }, privateKey as never);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'unknown_key' });
  const jwks = () => importJWK(issuer.publicJwk, 'RS256');
  await expect(verify(`mtls_pop ${forged}`, { jwks })).rejects.toMatchObject({ reason: 'unknown_key' });
});

test.each([
  [undefined, 'no_authorization', 'mtls_pop'],
  ['', 'no_authorization', 'mtls_pop'],
  ['Bearer abc', 'wrong_scheme', 'mtls_pop'],
  ['mtls_popx abc', 'wrong_scheme', 'mtls_pop'],
  ['mtls_pop', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a b', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop abc', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a.b.c', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a.b.c.d.e', 'malformed_token', 'mtls_pop error="invalid_token"'],
])('the header %j is refused as %s', async (authorization, reason, challenge) => {
  const error: unknown = await verify(authorization).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ reason });
  expect((error as { wwwAuthenticate: string }).wwwAuthenticate.startsWith(challenge)).toBe(true);
});

test('without a certificate nothing is verified at all', async () => {
  const { fetched } = issuer;
  for (const peerCertificate of [undefined, new Uint8Array()]) {
    const input = { authorization: `mtls_pop ${await issuer.sign(client.x5tS256)}`, peerCertificate };
    await expect(verifyMtlsPop(input, options)).rejects.toMatchObject({ reason: 'no_certificate' });
  }
  expect(issuer.fetched).toBe(fetched);
});

test('several issuers and audiences, further claims and a clock tolerance can be named', async () => {
  const changes = { issuer: ['https://other.example', ISSUER], audience: ['api://other', AUDIENCE] };
  const late = `mtls_pop ${await issuer.sign(client.x5tS256, { exp: now() - 5, nbf: now() - 60 })}`;
  await expect(verify(late, { ...changes, clockToleranceSeconds: 60 })).resolves.toBeDefined();
  await expect(verify(late, { ...changes, clockToleranceSeconds: 2 })).rejects.toMatchObject({ reason: 'expired' });
  const good = `mtls_pop ${await issuer.sign(client.x5tS256, { roles: ['Reader'] })}`;
  await expect(verify(good, { requiredClaims: ['roles'] })).resolves.toBeDefined();
  await expect(verify(good, { requiredClaims: ['scp'] })).rejects.toMatchObject({ reason: 'missing_claim' });
});

test('the key set is fetched once for many requests', async () => {
  await verify(`mtls_pop ${await issuer.sign(client.x5tS256)}`);
  const { fetched } = issuer;
  await Promise.all(Array.from({ length: 10 }, async () => verify(`mtls_pop ${await issuer.sign(client.x5tS256)}`)));
  expect(issuer.fetched).toBe(fetched);
});

test('a key set that cannot be had is not the fault of the client: the middleware passes the error on', async () => {
  const nowhere = createPlainServer((_request, response) => response.writeHead(503).end());
  const jwks = new URL(`http://127.0.0.1:${await listen(nowhere)}/keys`);
  const url = await serve({ ...options, jwks });
  const response = await call(client, `mtls_pop ${await issuer.sign(client.x5tS256)}`, url);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ errorCode: 'key_set_unavailable' });
});

test('no error holds the token', async () => {
  const token = await issuer.sign(thief.x5tS256);
  const error: unknown = await verify(`mtls_pop ${token}`).catch((thrown: unknown) => thrown);
  expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain('eyJ');
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
  ['a required claim that is no name', { requiredClaims: [1] }],
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

describe('behind a proxy that ends TLS', () => {
  const pemOf = (certificate: X509Certificate) => certificate.toString();
  const FORMATS: Array<[ForwardedCertificateOptions['format'], string, (certificate: X509Certificate) => string]> = [
    ['client-cert', 'Client-Cert', ({ raw }) => `:${raw.toString('base64')}:`],
    ['nginx', 'X-Client-Cert', (certificate) => encodeURIComponent(pemOf(certificate))],
    [
      'envoy',
      'X-Forwarded-Client-Cert',
      (certificate) =>
        `By=spiffe://a;Hash=00;Cert="${encodeURIComponent(pemOf(certificate))}";Subject="CN=a,O=\\"b\\""`,
    ],
  ];

  /** The application without TLS, and a proxy in front of it that replaces the header. */
  async function proxied(format: (typeof FORMATS)[number], trustedProxies = ['127.0.0.1']) {
    const [name, header, encode] = format;
    const handler = application(
      requireMtlsPop({ ...options, forwardedCertificate: { header, format: name, trustedProxies } }),
    );
    const port = await listen(createPlainServer(handler));
    const { cert, key } = pki.server;
    const proxy = https.createServer(
      { cert, key, ca: pki.authority.pem, requestCert: true, rejectUnauthorized: false },
      (req, res) => {
        const peer = req.socket instanceof TLSSocket ? req.socket.getPeerX509Certificate() : undefined;
        const headers = { ...req.headers, [header.toLowerCase()]: peer ? encode(peer) : '' };
        const upstream = plainRequest(
          { host: '127.0.0.1', port, path: req.url, method: req.method, headers },
          (answer) => {
            res.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(res);
          },
        );
        req.pipe(upstream);
      },
    );
    return { front: `https://localhost:${await listen(proxy)}`, back: `http://127.0.0.1:${port}` };
  }

  test.each(FORMATS)('the certificate is taken from the header in the format %s', async (...format) => {
    const { front } = await proxied(format);
    const token = await issuer.sign(client.x5tS256);
    const response = await call(client, `mtls_pop ${token}`, front);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ thumbprintS256: client.x5tS256 });
    expect((await call(thief, `mtls_pop ${token}`, front)).status).toBe(401);
  });

  test.each(FORMATS)('a header in the format %s from anybody else is ignored', async (...format) => {
    const { back } = await proxied(format, ['192.0.2.1', '2001:db8::/32']);
    const headers = {
      authorization: `mtls_pop ${await issuer.sign(client.x5tS256)}`,
      [format[1]]: format[2](client.certificate),
    };
    const response = await fetch(back, { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('no client certificate');
  });

  test('the header is ignored when nobody configured it', async () => {
    const headers = {
      authorization: `mtls_pop ${await issuer.sign(client.x5tS256)}`,
      'client-cert': `:${client.certificate.raw.toString('base64')}:`,
    };
    expect((await fetchOverChannel(thief.channel, origin, { headers })).status).toBe(401);
  });

  test('a client that comes past the proxies is taken at its own connection, whatever header it sends', async () => {
    const forwardedCertificate = {
      header: 'client-cert',
      format: 'client-cert',
      trustedProxies: ['192.0.2.1'],
    } as const;
    const url = await serve({
      ...options,
      forwardedCertificate: { ...forwardedCertificate, trustedProxies: ['192.0.2.1'] },
    });
    const headers = {
      authorization: `mtls_pop ${await issuer.sign(client.x5tS256)}`,
      'client-cert': `:${client.certificate.raw.toString('base64')}:`,
    };
    expect((await fetchOverChannel(thief.channel, url, { headers })).status).toBe(401);
    expect((await fetchOverChannel(client.channel, url, { headers })).status).toBe(200);
  });

  test('the certificate of a trusted proxy is never taken for that of its client', async () => {
    const forwardedCertificate = {
      header: 'client-cert',
      format: 'client-cert' as const,
      trustedProxies: ['127.0.0.0/8'],
    };
    const url = await serve({ ...options, forwardedCertificate });
    expect((await call(client, `mtls_pop ${await issuer.sign(client.x5tS256)}`, url)).status).toBe(401);
  });

  const source = (format: ForwardedCertificateOptions['format']) => {
    const find = createCertificateSource({ header: 'c', format, trustedProxies: ['127.0.0.1', '::1', '10.0.0.0/8'] });
    return (value: string | string[], remoteAddress = '127.0.0.1') =>
      find({ headers: { c: value }, socket: { remoteAddress } });
  };

  test.each([
    ['client-cert', 'AAAA'],
    ['client-cert', ':AAAA:'],
    ['client-cert', ':!:'],
    ['nginx', '%'],
    ['nginx', 'nonsense'],
    ['envoy', 'Hash=00'],
  ] as const)('in the format %s the value %j is refused', (format, value) => {
    expect(() => source(format)(value)).toThrow(expect.objectContaining({ reason: 'unreadable_certificate' }) as Error);
  });

  test('two values are refused in every format: which one is the client’s cannot be told', () => {
    for (const [format, , encode] of FORMATS) {
      const one = encode(client.certificate);
      for (const value of [`${one}, ${one}`, `${one},${one}`, [one, one]]) {
        expect(() => source(format)(value)).toThrow(
          expect.objectContaining({ reason: 'unreadable_certificate' }) as Error,
        );
      }
    }
  });

  test('a further element of a proxy chain is refused, also one without a certificate', () => {
    const cert = `Cert="${encodeURIComponent(pemOf(client.certificate))}"`;
    for (const value of [`${cert},By=spiffe://b;Hash=00`, `By=spiffe://b;Hash=00,${cert}`]) {
      expect(() => source('envoy')(value)).toThrow(
        expect.objectContaining({ reason: 'unreadable_certificate' }) as Error,
      );
    }
    expect(source('envoy')(cert)).toEqual(client.certificate.raw);
  });

  test('bytes behind a certificate are refused', () => {
    const value = `:${Buffer.concat([client.certificate.raw, Buffer.from('more')]).toString('base64')}:`;
    expect(() => source('client-cert')(value)).toThrow(
      expect.objectContaining({ reason: 'unreadable_certificate' }) as Error,
    );
  });

  test.each(['127.0.0.1', '::ffff:127.0.0.1', '::1', '10.1.2.3', '::ffff:10.1.2.3'])(
    '%s is one of the proxies',
    (address) => {
      const value = `:${client.certificate.raw.toString('base64')}:`;
      expect(source('client-cert')(value, address)).toEqual(client.certificate.raw);
    },
  );

  test.each(['127.0.0.2', '11.0.0.1', '::2', '', 'x'])('%j is none of the proxies', (address) => {
    expect(source('client-cert')(`:${client.certificate.raw.toString('base64')}:`, address)).toBeUndefined();
  });
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
    const { createLocalJWKSet } = await import('jose');
    const url = await serve({
      issuer: `${emulator.tokenUrl}/${emulator.tenantId}/v2.0`,
      audience: 'api://own-api',
      jwks: createLocalJWKSet(JSON.parse(keys) as Parameters<typeof createLocalJWKSet>[0]),
    });
    const app = world.application({ system: { ca: [emulator.ca, pki.authority.pem] } });
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
