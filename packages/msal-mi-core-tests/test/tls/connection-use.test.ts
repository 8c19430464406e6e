/** What becomes of the connection under a response, with a software key. */
import { createPublicKey } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import { SharedChannels } from 'core/platform/shared-channels.js';
import { createSoftwarePlatform } from 'core/platform/software/index.js';
import type { MtlsChannel, SigningKey } from 'core/ports.js';
import { eventually } from '../emulator/support/eventually.js';
import { TlsServer } from '../support/tls-server.js';
import { untilTheEnd } from '../support/until-the-end.js';

const IDLE_LIMIT_MS = 60_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const IDENTITY = {
  clientId: '3f2f1c86-6f4e-4f6c-9a33-0d4b3f0c2b11',
  tenantId: '9b1d6f52-4a60-4c4c-8c1e-5f0f5c1f6a20',
};
const publicKeyOf = ({ spki }: SigningKey) => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });

const released: Array<() => void> = [];
const tlsServer = await untilTheEnd(
  TlsServer.start(
    (request, response) => {
      request.resume();
      response.write('begun');
      if (request.url === '/whole') response.end();
      else released.push(() => response.end(' and ended'));
    },
    { keepAliveTimeout: 2 * IDLE_LIMIT_MS },
  ),
);
const { pki, channel, origin, sockets: accepted } = tlsServer;
beforeEach(() => {
  tlsServer.reset();
  released.length = 0;
});

const get = (path: string, init?: RequestInit) => fetchOverChannel(channel, origin + path, init);
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('is used again when a body that had arrived is cancelled', async () => {
  for (let n = 0; n < 3; n += 1) {
    const response = await get('/whole');
    await response.body?.cancel();
    await turns(2);
  }
  expect(accepted).toHaveLength(1);
});

test('is closed when a body that is still coming is cancelled', async () => {
  const response = await get('/more');
  await response.body?.cancel();
  await eventually(() => accepted[0]?.destroyed === true);
});

test.each([
  ['the response', (response: Response) => response.status],
  ['its stream', (response: Response) => response.body?.locked],
])('is closed when %s is dropped before it was read', async (_what, touch) => {
  await (async () => touch(await get('/more')))();
  await eventually(async () => {
    await turns(3);
    collectGarbage();
    return accepted[0]?.destroyed === true;
  });
});

test('stays when the response is dropped while its text is awaited', async () => {
  const reading = (async () => (await get('/more')).text())();
  await eventually(() => released.length === 1);
  for (let n = 0; n < 5; n += 1) {
    await turns(3);
    collectGarbage();
  }
  released[0]?.();
  expect(await reading).toBe('begun and ended');
});

test('stays when the stream is read and its response is dropped', async () => {
  const reader = (await get('/more')).body!.getReader();
  expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('begun');
  for (let n = 0; n < 5; n += 1) {
    await turns(3);
    collectGarbage();
  }
  released[0]?.();
  expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe(' and ended');
});

describe('of one key and certificate', () => {
  const platform = createSoftwarePlatform(() => []);
  const bind = async (authorities: readonly string[] = [pki.authority.pem]) => {
    key ??= await platform.keyStore.open({ verify: false });
    certificate ??= await pki.authority.issueClientCertificate(IDENTITY, publicKeyOf(key), 3600);
    return platform.createTransport(authorities).bind(key, certificate);
  };
  const read = async (through: MtlsChannel) => (await fetchOverChannel(through, `${origin}/whole`)).text();
  let key: SigningKey | undefined;
  let certificate: Uint8Array | undefined;

  test('is shared by all who trust the same, however many transports they make', async () => {
    for (let n = 0; n < 5; n += 1) expect(await read(await bind())).toBe('begun');
    expect(accepted).toHaveLength(1);
  });

  test('is not shared with those who trust others', async () => {
    await read(await bind());
    await expect(fetchOverChannel(await bind([]), `${origin}/whole`)).rejects.toMatchObject({
      cause: { failure: 'untrusted_server' },
    });
  });

  test('is another one after a channel was retired, and those who had it go on', async () => {
    const [before, other] = [await bind(), await bind()];
    await read(before);
    before.retire();
    await eventually(() => accepted.every(({ destroyed }) => destroyed));
    accepted.length = 0;
    await read(await bind());
    await read(await bind());
    expect(accepted).toHaveLength(1);
    expect(await read(other)).toBe('begun');
  });
});

test('of very many certificates the first ones are forgotten, and those in use are not', () => {
  const channels = new SharedChannels();
  const key = {} as SigningKey;
  let made = 0;
  const bind = (certificate: number) =>
    channels.bind(key, Uint8Array.of(certificate), '', () => {
      made += 1;
      return { exportable: true } as MtlsChannel;
    });
  for (let certificate = 0; certificate < 33; certificate += 1) bind(certificate);
  expect(made).toBe(33);
  bind(32);
  bind(1);
  expect(made).toBe(33);
  bind(0);
  expect(made).toBe(34);
});

test('has a time limit while it waits for a request, and none while it serves one', async () => {
  const requests: ClientRequest[] = [];
  const onRequest = (message: unknown) => void requests.push((message as { request: ClientRequest }).request);
  subscribe('http.client.request.start', onRequest);
  try {
    for (let n = 0; n < 2; n += 1) {
      const response = await get('/more');
      const socket = requests[n]?.socket;
      expect(socket?.timeout).toBe(0);
      released[n]?.();
      await response.text();
      await eventually(() => socket?.timeout === IDLE_LIMIT_MS);
    }
    expect(accepted).toHaveLength(1);
  } finally {
    unsubscribe('http.client.request.start', onRequest);
  }
});
