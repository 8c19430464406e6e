import { connect } from 'node:tls';
import { startEmulator } from 'msal-mi-emulator';
import { imds, mintCredential, requestToken, type Credential } from './support/bound-client.js';
import { firstLineOf, rawRequest } from './support/raw-request.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const emulator = await untilTheEnd(startEmulator());
let credential: Credential;
let port: string;

beforeAll(async () => {
  credential = await mintCredential(emulator);
  ({ port } = new URL(emulator.imdsUrl));
});
beforeEach(() => emulator.reset());

it.each([
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'localhost.',
  '127.0.0.1.nip.io',
  '[::ffff:127.0.0.1]',
  '169.254.169.254',
  '0',
])('refuses the Host header "%s", as DNS rebinding would send it', async (host) => {
  const headers = { Host: `${host}:${port}`, Metadata: 'true' };
  const { status, text } = await rawRequest(emulator.imdsUrl, `/metadata/${METADATA}`, { headers });
  expect([status, text]).toEqual([421, expect.stringContaining('Host is not a loopback name')]);
});

it.each(['/', '/events', '/health'])('shows %s to nobody under a foreign name', async (path) => {
  expect((await rawRequest(emulator.imdsUrl, path, { headers: { Host: 'evil.example' } })).status).toBe(421);
});

it('refuses a request with two Host headers, whichever comes first', async () => {
  const ask = (one: string, two: string) =>
    firstLineOf(emulator.imdsUrl, `GET /health HTTP/1.1\r\nHost: ${one}\r\nHost: ${two}\r\n\r\n`);
  expect(await ask('localhost', 'evil.example')).toContain('400');
  expect(await ask('evil.example', 'localhost')).toContain('400');
});

const STRANGERS: [string, Record<string, string>][] = [
  ['of another site', { Origin: 'https://evil.example' }],
  ['of an opaque origin', { Origin: 'null' }],
  ['of another port of this machine', { Origin: 'http://localhost:3000' }],
  ['that sends an image request', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
  ['of another port, without Origin', { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'no-cors' }],
  [
    'that navigates to it',
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
  ],
  ['under a rebound name', { Host: 'evil.example' }],
];

describe.each(STRANGERS)('a web page %s', (_which, headers) => {
  it('takes no fault, ends no outage and leaves nothing in the journal', async () => {
    emulator.fault('getplatformmetadata', [{ status: 503 }]);
    const outage = emulator.outage('imds-token', { status: 429 }, { requests: 1 });
    const token = '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r';
    for (const path of [`/metadata/${METADATA}`, token, '/events', '/health']) {
      const { status } = await rawRequest(emulator.imdsUrl, path, { headers: { Metadata: 'true', ...headers } });
      expect([403, 421]).toContain(status);
    }
    expect([emulator.journal.length, outage.met]).toEqual([0, 0]);
    expect((await imds(emulator, METADATA)).status).toBe(503);
  });

  it('has no body read and reaches no other server', async () => {
    emulator.fault('attest', [{ status: 503 }]);
    const request = { method: 'POST', headers: { ...headers, 'Content-Length': '900000' }, body: '{' };
    expect([403, 421]).toContain((await rawRequest(emulator.maaUrl, '/attest/keyguard?api-version=1', request)).status);
    expect(emulator.journal).toEqual([]);
  });
});

it('answers a preflight request with no permission', async () => {
  const { status, headers } = await rawRequest(emulator.imdsUrl, `/metadata/${METADATA}`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://evil.example', 'Access-Control-Request-Headers': 'metadata' },
  });
  expect(status).toBe(403);
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});

it('opens the journal page from a link, and serves the page its events', async () => {
  const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' };
  expect((await rawRequest(emulator.imdsUrl, '/', { headers: link })).status).toBe(200);
  const frame = { ...link, 'Sec-Fetch-Dest': 'iframe' };
  expect((await rawRequest(emulator.imdsUrl, '/', { headers: frame })).status).toBe(403);
  const own = { Host: `localhost:${port}`, Origin: `http://localhost:${port}`, 'Sec-Fetch-Site': 'same-origin' };
  expect((await rawRequest(emulator.imdsUrl, '/health', { headers: own })).status).toBe(200);
});

describe('a scripted handshake failure', () => {
  const reach = async (servername: string): Promise<string> => {
    const { port: tokenPort } = new URL(emulator.tokenUrl);
    const checkServerIdentity = (): undefined => undefined;
    const socket = connect({
      host: '127.0.0.1',
      port: Number(tokenPort),
      ca: emulator.ca,
      servername,
      checkServerIdentity,
    });
    const outcome = await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('connected'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    });
    socket.destroy();
    return outcome;
  };

  it('waits for a client that asks for this server, and not for another name', async () => {
    emulator.fault('token', [{ reset: 'handshake' }]);
    expect(await reach('evil.example')).toBe('connected');
    expect(await reach('localhost')).toBe('ECONNRESET');
    expect((await requestToken(emulator, credential)).status).toBe(200);
  });
});

it('keeps no more than 1,000 connections that failed, so that they push no request out of the journal', async () => {
  await imds(emulator, METADATA);
  emulator.outage('token', { reset: 'handshake', resetBy: 'fin' });
  const knock = async (): Promise<unknown> => requestToken(emulator, credential).catch(() => undefined);
  for (let batch = 0; batch < 52; batch++) await Promise.all(Array.from({ length: 20 }, knock));
  expect(emulator.journal.filter(({ method }) => method === '')).toHaveLength(1_000);
  expect(emulator.journal[0]).toMatchObject({ method: 'GET', status: 200 });
}, 60_000);
