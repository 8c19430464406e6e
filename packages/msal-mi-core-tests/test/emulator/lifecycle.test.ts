import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { EmulatorError, startEmulator, type Emulator, type EmulatorOptions } from 'msal-mi-emulator';
import { imds } from './support/bound-client.js';
import { eventually } from './support/eventually.js';

const running: Emulator[] = [];
async function start(options?: EmulatorOptions): Promise<Emulator> {
  const emulator = await startEmulator(options);
  running.push(emulator);
  return emulator;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()));
});

it.each<[string, unknown, string]>([
  ['every address', { host: '0.0.0.0' }, 'host_not_loopback'],
  ['every IPv6 address', { host: '::' }, 'host_not_loopback'],
  ['a name', { host: 'localhost' }, 'host_not_loopback'],
  ['a network address', { host: '10.0.0.1' }, 'host_not_loopback'],
  ['an empty host', { host: '' }, 'host_not_loopback'],
  ['an unknown option', { hots: '127.0.0.1' }, 'invalid_option'],
  ['a port as text', { port: '80' }, 'invalid_option'],
  ['a port without five after it', { port: 65_531 }, 'invalid_option'],
  ['a negative lifetime', { tokenLifetimeSeconds: -1 }, 'invalid_option'],
  ['a lifetime of zero', { certificateLifetimeSeconds: 0 }, 'invalid_option'],
  ['a fractional lifetime', { refreshInSeconds: 1.5 }, 'invalid_option'],
  ['another attestation mode', { attestation: 'yes' }, 'invalid_option'],
  ['a client id that is not a GUID', { clientId: 'app' }, 'invalid_option'],
  ['a tenant that is not a GUID', { tenantId: 'contoso.com' }, 'invalid_option'],
  ['an incomplete identity', { identities: [{ clientId: '11111111-1111-4111-8111-111111111111' }] }, 'invalid_option'],
  ['an empty cuId', { cuId: {} }, 'invalid_option'],
  ['audiences that are not lists', { audiences: { vault: 'x' } }, 'invalid_option'],
  ['a negative token life of certificates', { tokenNotAfter: -1 }, 'invalid_option'],
  ['another form of time', { tokenNotAfter: { seconds: 1, as: 'text' } }, 'invalid_option'],
  ['bearer-only audiences that are not a list', { bearerOnlyAudiences: 'x' }, 'invalid_option'],
  ['a clock that is not a function', { now: 5 }, 'invalid_option'],
  ['no object', 'x', 'invalid_option'],
])('refuses %s before anything listens', async (_what, options, code) => {
  const refusal = startEmulator(options as EmulatorOptions);
  await expect(refusal).rejects.toBeInstanceOf(EmulatorError);
  await expect(refusal).rejects.toBeInstanceOf(TypeError);
  await expect(refusal).rejects.toMatchObject({ code });
});

it('cannot be reached on any address that is not loopback', async () => {
  const emulator = await start();
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  const { port } = new URL(emulator.imdsUrl);
  for (const { address } of outside) {
    const outcome = await new Promise((resolve) => {
      const socket = connect({ host: address, port: Number(port) });
      socket.once('connect', () => resolve('connected')).once('error', () => resolve('refused'));
    });
    expect(outcome).toBe('refused');
  }
});

it('serves every loopback address that the machine has under the name localhost', async () => {
  const emulator = await start();
  const { port } = new URL(emulator.tokenUrl);
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
  for (const host of ['localhost', '127.0.0.1', ...(hasIpv6 ? ['::1'] : [])]) {
    const socket = connectTls({ host, port: Number(port), ca: emulator.ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
  }
});

it('listens on one address only when it is told which', async () => {
  const emulator = await start({ host: '127.0.0.1' });
  const { port } = new URL(emulator.imdsUrl);
  await expect(fetch(`http://[::1]:${port}/health`)).rejects.toThrow();
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
});

it('takes six consecutive ports from the one given, and says when one is taken', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await expect(startEmulator({ port: Math.min(port, 65_530) })).rejects.toMatchObject({ code: 'port_unavailable' });
  await new Promise((resolve) => probe.close(resolve));
});

it('makes the same ids from the same seed, and never the same keys', async () => {
  const [one, two, three] = [await start({ seed: 'a' }), await start({ seed: 'a' }), await start({ seed: 'b' })];
  const ids = ({ tenantId, systemAssigned, identities }: Emulator) => ({ tenantId, systemAssigned, identities });
  expect(ids(one)).toEqual(ids(two));
  expect(ids(three).tenantId).not.toBe(ids(one).tenantId);
  expect(one.ca).not.toBe(two.ca);
});

it('leaves its CA in a file that every user can read and NODE_EXTRA_CA_CERTS names, until it is closed', async () => {
  const emulator = await startEmulator();
  const file = emulator.env.NODE_EXTRA_CA_CERTS!;
  // After it comes what this process trusts by the same variable.
  expect(readFileSync(file, 'utf8').startsWith(emulator.ca)).toBe(true);
  expect(new X509Certificate(emulator.ca).ca).toBe(true);
  if (process.platform !== 'win32') {
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o644, 0o755]);
  }
  expect(emulator.env.AZURE_POD_IDENTITY_AUTHORITY_HOST).toBe(emulator.imdsUrl);
  await emulator.close();
  expect(existsSync(file)).toBe(false);
});

it('closes at once while requests are waiting and pages are open, and closing again is harmless', async () => {
  const emulator = await startEmulator();
  emulator.fault('getplatformmetadata', [{ delayMs: 600_000 }]);
  const waiting = imds(emulator, 'identity/getplatformmetadata?cred-api-version=2.0').catch((error: unknown) => error);
  const events = await fetch(`${emulator.imdsUrl}/events`);
  await Promise.all([emulator.close(), emulator.close()]);
  expect(await waiting).toMatchObject({ name: 'TypeError' });
  await events.text().catch(() => '');
  await expect(fetch(`${emulator.imdsUrl}/health`)).rejects.toThrow();
});

describe('journal', () => {
  it('is a frozen snapshot of frozen entries', async () => {
    const emulator = await start();
    await imds(emulator, 'identity/getplatformmetadata?cred-api-version=2.0');
    const before = emulator.journal;
    await imds(emulator, 'identity/getplatformmetadata?cred-api-version=2.0');
    expect([before.length, emulator.journal.length]).toEqual([1, 2]);
    expect(Object.isFrozen(before) && Object.isFrozen(before[0]) && Object.isFrozen(before[0]!.headers)).toBe(true);
    expect(before[0]).toMatchObject({
      leg: 'imds',
      server: 'imds',
      method: 'GET',
      url: '/metadata/identity/getplatformmetadata?cred-api-version=2.0',
      status: 200,
      headers: { metadata: 'true' },
    });
  });

  it('cuts bodies at 64 KiB and forgets the oldest entries before bodies fill the memory', async () => {
    const emulator = await start();
    const body = 'x'.repeat(1_000_000);
    for (let sent = 0; sent < 3; sent++)
      await fetch(`${emulator.maaUrl}/attest/keyguard?api-version=1`, { method: 'POST', body });
    expect(emulator.journal.map((entry) => entry.body?.length)).toEqual([65_536, 65_536, 65_536]);
  });

  it('is bounded in bytes, with URLs and headers counted', async () => {
    const emulator = await start();
    const long = 'x'.repeat(7_000);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const ask = async (): Promise<void> =>
      new Promise((resolve, reject) => {
        get(`${emulator.imdsUrl}/${long}`, { agent, headers: { long } }, (response) => {
          response.resume().once('end', resolve);
        }).once('error', reject);
      });
    // 14 KB each, two bytes for a character: 32 MiB are full before the 1,200th.
    for (let batch = 0; batch < 30; batch++) await Promise.all(Array.from({ length: 45 }, ask));
    agent.destroy();
    const { journal } = emulator;
    expect(journal.length).toBeGreaterThan(1_000);
    expect(journal.length).toBeLessThan(1_250);
    expect(journal.at(-1)!.id).toBe(1_350);
    emulator.reset();
    await ask();
    expect(emulator.journal).toHaveLength(1);
  }, 60_000);

  it('knows of a TLS handshake that failed because the client does not trust the CA', async () => {
    const emulator = await start();
    await expect(fetch(`${emulator.tokenUrl}/x`)).rejects.toThrow();
    await eventually(() => emulator.journal.length > 0);
    expect(emulator.journal[0]).toMatchObject({
      leg: 'token',
      status: 0,
      method: '',
      failure: expect.any(String) as string,
    });
  });
});

it('reports its health and ids', async () => {
  const emulator = await start({ attestation: 'required' });
  expect(await (await fetch(`${emulator.imdsUrl}/health`)).json()).toMatchObject({
    status: 'ok',
    tokenUrl: emulator.tokenUrl,
    tenantId: emulator.tenantId,
    attestation: 'required',
  });
  expect(emulator.journal).toEqual([]);
});
