/** Behind a proxy that ends TLS, the certificate comes in a header: from the proxy, and from nobody else. */
import type { X509Certificate } from 'node:crypto';
import https from 'node:https';
import { createServer as createPlainServer, request as plainRequest } from 'node:http';
import { TLSSocket } from 'node:tls';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import {
  createCertificateSource,
  type ForwardedCertificateOptions,
  type RequireMtlsPopOptions,
} from 'core/resource-server/index.js';
import type { TokenIssuer } from '../support/bound-tokens.js';
import { ResourceServers, type Client } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());
let issuer: TokenIssuer;
let client: Client;
let thief: Client;
let options: RequireMtlsPopOptions;

beforeAll(() => {
  ({ issuer, client, thief, options } = servers);
});

const pemOf = (certificate: X509Certificate) => certificate.toString();
const FORMATS: Array<[ForwardedCertificateOptions['format'], string, (certificate: X509Certificate) => string]> = [
  ['client-cert', 'Client-Cert', ({ raw }) => `:${raw.toString('base64')}:`],
  ['nginx', 'X-Client-Cert', (certificate) => encodeURIComponent(pemOf(certificate))],
  ['app-service', 'X-ARR-ClientCert', ({ raw }) => raw.toString('base64')],
  [
    'envoy',
    'X-Forwarded-Client-Cert',
    (certificate) => `By=spiffe://a;Hash=00;Cert="${encodeURIComponent(pemOf(certificate))}";Subject="CN=a,O=\\"b\\""`,
  ],
];

/** The application without TLS, and a proxy in front of it that replaces the header. */
async function proxied(format: (typeof FORMATS)[number], trustedProxies = ['127.0.0.1']) {
  const [name, header, encode] = format;
  const handler = servers.application({
    ...options,
    forwardedCertificate: { header, format: name, trustedProxies },
  });
  const port = await servers.listen(createPlainServer(handler));
  const proxy = https.createServer(servers.tls, (req, res) => {
    const peer = req.socket instanceof TLSSocket ? req.socket.getPeerX509Certificate() : undefined;
    const headers = { ...req.headers, [header.toLowerCase()]: peer ? encode(peer) : '' };
    const upstream = plainRequest({ host: '127.0.0.1', port, path: req.url, method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    req.pipe(upstream);
  });
  return { front: `https://localhost:${await servers.listen(proxy)}`, back: `http://127.0.0.1:${port}` };
}

test.each(FORMATS)('the certificate is taken from the header in the format %s', async (...format) => {
  const { front } = await proxied(format);
  const token = await issuer.sign(client.x5tS256);
  const response = await servers.call(client, `mtls_pop ${token}`, front);
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ thumbprintS256: client.x5tS256 });
  expect((await servers.call(thief, `mtls_pop ${token}`, front)).status).toBe(401);
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
  expect((await fetchOverChannel(thief.channel, await servers.serve(), { headers })).status).toBe(401);
});

test('a client that comes past the proxies is taken at its own connection, whatever header it sends', async () => {
  const forwardedCertificate = {
    header: 'client-cert',
    format: 'client-cert',
    trustedProxies: ['192.0.2.1'],
  } as const;
  const url = await servers.serve({
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
  const url = await servers.serve({ ...options, forwardedCertificate });
  expect((await servers.call(client, `mtls_pop ${await issuer.sign(client.x5tS256)}`, url)).status).toBe(401);
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
  ['envoy', 'Cert="%'],
  ['envoy', 'Cert="\\"'],
  ['app-service', 'AAAA'],
  ['app-service', ':AAAA:'],
  ['app-service', '-----BEGIN CERTIFICATE-----'],
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
  for (const value of [`${cert},By=spiffe://b;Hash=00`, `By=spiffe://b;Hash=00,${cert}`, `${cert};By=b,Hash=00`]) {
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

test('each format refuses the certificate in the form of the others', () => {
  for (const [format] of FORMATS) {
    for (const [other, , encode] of FORMATS) {
      if (other === format) continue;
      expect(() => source(format)(encode(client.certificate))).toThrow(
        expect.objectContaining({ reason: 'unreadable_certificate' }) as Error,
      );
    }
  }
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
