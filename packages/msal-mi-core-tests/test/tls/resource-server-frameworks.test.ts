/** The frameworks that APIs are written with, with the real packages, over TLS: HTTP/1.1 and HTTP/2. */
import http2 from 'node:http2';
import type { RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { FRAMEWORKS, type Framework } from '../support/frameworks.js';
import { ResourceServers, type Client } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());

const token = await servers.issuer.sign(servers.client.x5tS256);

describe.each(FRAMEWORKS)('$name', (framework) => {
  let origin: string;
  beforeAll(async () => {
    origin = await start(framework, servers.options);
  });

  test('serves a request with a token that is bound to its certificate, and knows what it carries', async () => {
    const { status, body } = await call(framework, origin, servers.client, `mtls_pop ${token}`);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      thumbprintS256: servers.client.x5tS256,
      claims: { aud: servers.options.audience },
    });
  });

  test('answers 401 to a stolen token and says why', async () => {
    const { status, headers, body } = await call(framework, origin, servers.thief, `mtls_pop ${token}`);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toMatch(/^mtls_pop error="invalid_token", error_description="[^"]+another/);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).not.toContain(token.slice(-40));
  });

  test('answers 401 without an error code when there is no token', async () => {
    const { status, headers } = await call(framework, origin, servers.client, undefined);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('mtls_pop');
  });

  test('answers 503 and a time to come back when the keys cannot be had', async () => {
    const jwks = await servers.keySetAnswering((response) => void response.writeHead(500).end());
    const broken = await start(framework, { ...servers.options, jwks });
    const { status, headers } = await call(framework, broken, servers.client, `mtls_pop ${token}`);
    expect(status).toBe(503);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(headers['www-authenticate']).toBeUndefined();
  });
});

async function start(framework: Framework, options: RequireMtlsPopOptions): Promise<string> {
  const server = await framework.create(options, servers.tls);
  return `https://localhost:${await servers.listen(server)}`;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

async function call(
  { isHttp2 }: Framework,
  origin: string,
  as: Client,
  authorization: string | undefined,
): Promise<Answer> {
  if (isHttp2 === true) return callOverHttp2(origin, as, authorization);
  const response = await servers.call(as, authorization, origin);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

async function callOverHttp2(origin: string, as: Client, authorization: string | undefined): Promise<Answer> {
  const session = http2.connect(origin, { ...as.channel.tlsOptions(), ca: servers.pki.authority.pem });
  try {
    const stream = session.request({ ':path': '/', ...(authorization !== undefined && { authorization }) });
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
    });
    const pieces: Buffer[] = [];
    for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
    return { status: Number(headers[':status']), headers, body: Buffer.concat(pieces).toString() };
  } finally {
    session.close();
  }
}
