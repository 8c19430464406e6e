import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { startEmulator, type Fault } from 'msal-mi-emulator';
import { acquireToken, call, imds, mintCredential, requestToken } from './support/bound-client.js';
import { eventually } from './support/eventually.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
const token = await acquireToken(emulator, credential, emulator.resources.vault);
beforeEach(() => emulator.reset());

const authorized = () => ({ Authorization: `mtls_pop ${token}`, 'x-ms-tokenboundauth': 'true' });

async function vault(path: string, body?: string): Promise<Awaited<ReturnType<typeof call>>> {
  const headers = { ...authorized(), 'Content-Type': 'application/json' };
  const put = body === undefined ? {} : { method: 'PUT', body };
  return call(`${emulator.resources.vault}${path}`, { ca: emulator.ca, credential, headers, ...put });
}

describe.each<[string, Fault]>([
  ['a reset after the handshake', { reset: 'after-handshake' }],
  ['a close after the handshake', { reset: 'after-handshake', resetBy: 'fin' }],
  ['a close during the handshake', { reset: 'handshake', resetBy: 'fin' }],
  ['a reset before the first byte of the answer', { reset: 'before-response', resetBy: 'rst' }],
  ['a close before the first byte of the answer', { reset: 'before-response' }],
])('%s', (_what, fault) => {
  it('meets one token request, and no other', async () => {
    emulator.fault('token', [fault]);
    await expect(requestToken(emulator, credential)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(emulator.journal).toMatchObject([{ leg: 'token', status: 0, fault }]);
    expect((await requestToken(emulator, credential)).status).toBe(200);
  });
});

it('ends a connection by a TCP reset when told so, also under TLS', async () => {
  const loss = async (resetBy: 'rst' | 'fin'): Promise<string> => {
    emulator.fault('token', [{ reset: 'before-response', resetBy }]);
    return requestToken(emulator, credential).then(
      () => 'answered',
      (error: unknown) => (error as Error).message,
    );
  };
  expect(await loss('rst')).toBe('read ECONNRESET');
  expect(await loss('fin')).toBe('socket hang up');
});

it('carries a request out and then loses the connection, so that sending it again does it twice', async () => {
  const path = '/secrets/once?api-version=7.6';
  emulator.fault('resource', [{ reset: 'after-processing' }]);
  await expect(vault(path, '{"value":"1"}')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(emulator.journal).toMatchObject([
    { method: 'PUT', status: 0, failure: 'connection cut by a scripted fault after the request was carried out (200)' },
  ]);
  expect((await vault(path)).json).toMatchObject({ value: '1' });
});

it('does nothing for a request whose connection it loses before the answer', async () => {
  const path = '/secrets/never?api-version=7.6';
  emulator.fault('resource', [{ reset: 'before-response' }]);
  await expect(vault(path, '{"value":"1"}')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await vault(path)).status).toBe(404);
});

it.each<Fault>([{ hang: 'handshake' }, { hang: 'after-handshake' }, { hang: 'before-response' }, { hang: 'mid-body' }])(
  'falls silent until the client goes away: %j',
  async (fault) => {
    emulator.fault('token', [fault]);
    const outgoing = request(credential.tokenUrl, {
      ca: emulator.ca,
      cert: credential.cert,
      key: credential.key,
      agent: false,
    });
    const lost = new Promise((resolve) => outgoing.once('close', resolve));
    outgoing.on('error', () => undefined);
    outgoing.on('response', (response: IncomingMessage) => response.resume().on('error', () => undefined));
    outgoing.end();
    await eventually(() => emulator.journal.length === 1);
    expect(emulator.journal[0]).toMatchObject({ fault });
    outgoing.destroy(new Error('the client went away'));
    await lost;
    expect((await requestToken(emulator, credential)).status).toBe(200);
  },
);

it('closes at once while connections are silent', async () => {
  const silent = await startEmulator();
  silent.fault('getplatformmetadata', [{ hang: 'before-response' }]);
  const waiting = imds(silent, METADATA).catch((error: unknown) => error);
  await eventually(() => silent.journal.length === 1);
  await silent.close();
  expect(await waiting).toMatchObject({ name: 'TypeError' });
});

it('switches protocols and leaves the connection open', async () => {
  emulator.fault('resource', [{ status: 101 }]);
  const outgoing = request(emulator.resources.handshake, { ca: emulator.ca, agent: false });
  outgoing.end();
  const [response, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, import('node:stream').Duplex];
  expect([response.statusCode, response.headers.upgrade]).toEqual([101, 'websocket']);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

it('redirects with a body that has no end, until the client goes away', async () => {
  emulator.fault('resource', [{ status: 302, headers: { Location: '/elsewhere' }, body: 'moved', endlessBody: true }]);
  const agent = new Agent({ keepAlive: false });
  const outgoing = request(emulator.resources.handshake, { ca: emulator.ca, agent });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let received = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    received += piece.length;
    if (received > 4 * 1024 * 1024) break;
  }
  expect([response.statusCode, response.headers.location, response.headers['content-length']]).toEqual([
    302,
    '/elsewhere',
    undefined,
  ]);
  agent.destroy();
  expect((await call(emulator.resources.handshake, { ca: emulator.ca })).status).toBe(401);
});

it('says when to come back in every form that clients meet, and not at all when told so', async () => {
  emulator.fault('getplatformmetadata', [
    { status: 429 },
    { status: 429, retryAfter: { seconds: 7 } },
    { status: 503, retryAfter: { seconds: 1.5 } },
    { status: 429, retryAfter: { seconds: 120, as: 'http-date' } },
  ]);
  const seen: (string | null)[] = [];
  for (let ask = 0; ask < 4; ask++) seen.push((await imds(emulator, METADATA)).headers.get('retry-after'));
  expect(seen.slice(0, 3)).toEqual([null, '7', '1.5']);
  expect(seen[3]).toMatch(/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
  const inSeconds = (Date.parse(seen[3]!) - emulator.journal[3]!.at) / 1000;
  expect(inSeconds).toBeGreaterThan(118);
  expect(inSeconds).toBeLessThanOrEqual(121);
});
