import { Agent } from 'node:https';
import { startEmulator } from 'msal-mi-emulator';
import {
  acquireToken,
  call,
  imds,
  mintCredential,
  requestToken,
  type Call,
  type Reply,
} from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const VAULT = 'https://vault.azure.net';
const GRAPH = 'https://graph.microsoft.com';
let nowMs = Date.now();

const emulator = await untilTheEnd(
  startEmulator({
    now: () => nowMs,
    tokenLifetimeSeconds: 600,
    audiences: { vault: ['https://hsm.example'] },
  }),
);
const stranger = await untilTheEnd(startEmulator());
const mine = await mintCredential(emulator);
const foreign = await mintCredential(stranger);
beforeEach(() => {
  nowMs = Date.now();
});

async function get(
  url: string,
  token: string,
  options: Partial<Call> & { late?: boolean; scheme?: string } = {},
): Promise<Reply> {
  const { late, scheme, headers, ...rest } = options;
  const bound = late ? { 'x-ms-tokenboundauth': 'true' } : {};
  const authorization = { Authorization: `${scheme ?? 'mtls_pop'} ${token}` };
  return call(url, { ca: emulator.ca, credential: mine, ...rest, headers: { ...authorization, ...bound, ...headers } });
}

it.each<['handshake' | 'vault', () => string, boolean]>([
  ['handshake', () => emulator.resources.handshake, false],
  ['handshake', () => `${emulator.resources.handshake}/`, false],
  ['handshake', () => GRAPH, false],
  ['vault', () => emulator.resources.vault, true],
  ['vault', () => VAULT, true],
  ['vault', () => 'https://hsm.example', true],
])('%s accepts its own origin, the service it plays, and what was added', async (name, audience, late) => {
  const token = await acquireToken(emulator, mine, audience());
  expect((await get(`${emulator.resources[name]}/x`, token, { late })).json).toMatchObject({
    ok: true,
    resource: name,
  });
});

it('takes the scheme in any case', async () => {
  const token = await acquireToken(emulator, mine, GRAPH);
  expect((await get(emulator.resources.handshake, token, { scheme: 'MTLS_POP' })).status).toBe(200);
});

describe.each([
  ['handshake', GRAPH, false],
  ['vault', VAULT, true],
] as const)('%s refuses', (name, audience, late) => {
  let token: string;
  const url = (): string => `${emulator.resources[name]}/x`;
  beforeAll(async () => {
    token = await acquireToken(emulator, mine, audience);
  });

  it('another scheme', async () => {
    const { status, json, headers } = await get(url(), token, { late, scheme: 'Bearer' });
    expect([status, json.reason]).toEqual([401, 'wrong_scheme']);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('another audience', async () => {
    const elsewhere = await acquireToken(emulator, mine, 'https://management.azure.com');
    expect((await get(url(), elsewhere, { late })).json.reason).toBe('wrong_audience');
  });

  it('an expired token', async () => {
    nowMs += 600_000;
    expect((await get(url(), token, { late })).json.reason).toBe('expired');
  });

  it('a token that is not bound, even over a good connection', async () => {
    const v1 = await imds(emulator, `identity/oauth2/token?api-version=2018-02-01&resource=${audience}`);
    const { access_token: unbound } = (await v1.json()) as { access_token: string };
    expect((await get(url(), unbound, { late })).json.reason).toBe('not_bound');
  });

  it('a certificate of another emulator', async () => {
    expect((await get(url(), token, { late, credential: foreign })).json.reason).toBe('untrusted_certificate');
  });

  it('an expired certificate', async () => {
    nowMs += 604_801_000;
    expect((await get(url(), token, { late })).json.reason).toBe('untrusted_certificate');
  });

  it('a token of another emulator, a changed one, and no token at all', async () => {
    const forged = await acquireToken(stranger, foreign, audience);
    expect((await get(url(), forged, { late })).json.reason).toBe('invalid_token');
    const changed = `${token.slice(0, -8)}AAAAAAAA`;
    expect((await get(url(), changed, { late })).json.reason).toBe('invalid_token');
    expect((await get(url(), 'x', { late })).json.reason).toBe('invalid_token');
  });

  it('a request without Authorization, with the challenge of Key Vault', async () => {
    const { status, json, headers } = await call(url(), { ca: emulator.ca });
    expect([status, json.reason]).toEqual([401, 'no_authorization']);
    expect(headers['www-authenticate']).toBe(
      `Bearer authorization="${emulator.tokenUrl}/${emulator.tenantId}", resource="${audience}"`,
    );
  });
});

it('asks for the certificate by renegotiation once per connection, and only when the request wants it', async () => {
  const token = await acquireToken(emulator, mine, VAULT);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: emulator.ca, cert: mine.cert, key: mine.key });
  const url = `${emulator.resources.vault}/x`;
  emulator.reset();
  try {
    const before = await get(url, token, { agent });
    const during = await get(url, token, { agent, late: true, body: 'x'.repeat(200_000) });
    const after = await get(url, token, { agent, late: true });
    expect([before, during, after].map(({ status }) => status)).toEqual([401, 200, 200]);
    expect(during.json.body).toHaveLength(65_536);
  } finally {
    agent.destroy();
  }
  expect(emulator.journal.map(({ clientCertificateS256 }) => clientCertificateS256)).toEqual([
    undefined,
    mine.thumbprint,
    mine.thumbprint,
  ]);
});

it('keeps one connection usable for several requests with a late certificate', async () => {
  const token = await acquireToken(emulator, mine, VAULT);
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: emulator.ca, cert: mine.cert, key: mine.key });
  let connections = 0;
  agent.on('free', () => (connections += 1));
  try {
    for (let round = 0; round < 6; round++) {
      expect((await get(`${emulator.resources.vault}/x`, token, { agent, late: true })).status).toBe(200);
    }
  } finally {
    agent.destroy();
  }
  expect(connections).toBe(6);
});

describe('claims challenge', () => {
  it('N19: refuses until the token carries the claim that it names', async () => {
    const token = await acquireToken(emulator, mine, GRAPH);
    const url = `${emulator.resources.handshake}/claims-challenge`;
    const refused = await get(url, token);
    const header = refused.headers['www-authenticate'] ?? '';
    expect([refused.status, refused.json.reason]).toEqual([401, 'insufficient_claims']);
    expect(header).toContain('error="insufficient_claims"');
    const [, encoded] = /claims="([^"]+)"/.exec(header) ?? [];
    const claims = Buffer.from(encoded!, 'base64').toString();
    expect(JSON.parse(claims)).toEqual({ access_token: { acrs: { essential: true, value: 'c1' } } });

    const { json } = await requestToken(emulator, mine, { scope: `${GRAPH}/.default`, claims });
    expect((await get(url, json.access_token as string)).status).toBe(200);
  });

  it('takes the claim from the query or from a header', async () => {
    const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } });
    const { json } = await requestToken(emulator, mine, { scope: `${GRAPH}/.default`, claims });
    const token = json.access_token as string;
    const { handshake } = emulator.resources;
    expect((await get(`${handshake}/claims-challenge?claim=xms_cc&value=cp1`, token)).status).toBe(200);
    expect((await get(`${handshake}/claims-challenge?claim=xms_cc&value=cp2`, token)).status).toBe(401);
    const demand = (value: string) => ({ headers: { 'x-emulator-require-claim': value } });
    expect((await get(`${handshake}/x`, token, demand('xms_cc=cp1'))).status).toBe(200);
    expect((await get(`${handshake}/x`, token, demand('acrs=c9'))).status).toBe(401);
  });
});
