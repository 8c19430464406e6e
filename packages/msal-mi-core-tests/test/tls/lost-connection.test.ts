/** What is made of a connection that is lost, and of answers that are not answers, with a software key. */
import { getEventListeners } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import { createHttpTransport } from 'core/imds/http.js';
import type { MtlsRequest, TransportError } from 'core/ports.js';
import { eventually } from '../emulator/support/eventually.js';
import { TlsServer } from '../support/tls-server.js';
import { untilTheEnd } from '../support/until-the-end.js';

const handled: string[] = [];
/** What the server does with the socket of a request, in place of answering. */
let react: (socket: Socket, url: string) => void;
const tlsServer = await untilTheEnd(
  TlsServer.start((request, response) => {
    handled.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => {
      if (request.url === '/ok') response.end('ok');
      else react(request.socket, request.url ?? '');
    });
  }),
);
const { channel, origin, sockets } = tlsServer;
beforeEach(() => {
  tlsServer.reset();
  handled.length = 0;
});

const fetch = (path: string, init?: RequestInit) => fetchOverChannel(channel, origin + path, init);
const failureOf = async (answer: Promise<unknown>): Promise<string> => {
  const error: unknown = await answer.then(
    () => 'answered',
    (reason: unknown) => (reason as Error).cause ?? reason,
  );
  return (error as Partial<TransportError>).failure ?? String(error);
};
/** With anything, as JavaScript allows. */
const rejectedWith = (reason: unknown): Promise<never> =>
  new Promise((_, reject) => {
    reject(reason);
  });
const destroy = (socket: Socket) => void socket.destroy();
const send = (overrides: Partial<MtlsRequest>) =>
  channel.send({ method: 'GET', url: new URL(`${origin}/lost`), headers: [], idempotent: true, ...overrides });
/** Leaves connections behind that are used again. */
const keepConnections = async (count: number) => {
  await Promise.all(Array.from({ length: count }, async () => (await fetch('/ok')).text()));
  handled.length = 0;
};

describe('a connection that is lost after the request was sent', () => {
  test.each(['GET', 'POST', 'PATCH'])(
    'rule D30: on a new one, %s is not sent again nor a certificate blamed',
    async (method) => {
      react = destroy;
      expect(await failureOf(fetch('/lost', { method }))).toBe('closed_before_answer');
      expect(handled).toEqual([`${method} /lost`]);
    },
  );

  test.each(['POST', 'PATCH'])('rule D30: on a kept one, %s is not sent again', async (method) => {
    await keepConnections(1);
    react = destroy;
    expect(await failureOf(fetch('/lost', { method, body: 'pay 100' }))).toBe('connection_lost');
    expect(handled).toEqual([`${method} /lost`]);
  });

  test('rule D30: on a kept one, an idempotent request is sent once more, on a new one', async () => {
    await keepConnections(3);
    react = destroy;
    expect(await failureOf(fetch('/lost', { method: 'PUT', body: 'x' }))).toBe('closed_before_answer');
    expect(handled).toEqual(['PUT /lost', 'PUT /lost']);
    expect(sockets).toHaveLength(4);
  });
});

describe('a handshake that the server ends with an alert', () => {
  /** An alert record (RFC 8446 section 6), in place of a ServerHello. */
  const refuseWith = async (alert: number): Promise<string> => {
    const tcp = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
    });
    await new Promise<void>((listening) => tcp.listen(0, 'localhost', listening));
    try {
      return await failureOf(send({ url: new URL(`https://localhost:${(tcp.address() as AddressInfo).port}/`) }));
    } finally {
      tcp.close();
    }
  };

  test.each([42, 43, 44, 45, 46, 48, 49, 116])('rule D22: alert %d refuses our certificate', async (alert) => {
    expect(await refuseWith(alert)).toBe('client_certificate_rejected');
  });

  test.each([40, 41, 47, 51, 70, 80])('rule D22: alert %d says nothing of our certificate', async (alert) => {
    expect(await refuseWith(alert)).toBe('tls');
  });
});

describe('a server that switches to another protocol', () => {
  const HEAD = 'HTTP/1.1 101 Switching Protocols\r\n';
  const UPGRADE = 'connection: upgrade\r\nupgrade: websocket\r\n';

  test.each([
    ['that it names', UPGRADE],
    ['that it does not name', ''],
  ])('%s: rule D30: is an error at once, and its connection is closed', async (_what, headers) => {
    react = (socket) => void socket.write(`${HEAD}${headers}\r\nmore`);
    expect(await failureOf(fetch('/lost'))).toBe('invalid_response');
    await eventually(() => sockets[0]?.destroyed === true);
    expect(sockets).toHaveLength(1);
  });

  test.each([
    ['that it names', UPGRADE],
    ['that it does not name', ''],
  ])('%s: rule D30: is an error at once at IMDS too', async (_what, headers) => {
    const accepted: Socket[] = [];
    const tcp = createTcpServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(`${HEAD}${headers}\r\n`));
    });
    await new Promise<void>((listening) => tcp.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(tcp.address() as AddressInfo).port}/`;
    const answer = createHttpTransport().send({ method: 'GET', url, headers: {}, timeoutMs: 20_000 });
    expect(await failureOf(answer)).toBe('invalid_response');
    await eventually(() => accepted[0]?.destroyed === true);
    tcp.close();
  });
});

describe('a redirect with a body that does not end', () => {
  const head = (location: string) =>
    `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ntransfer-encoding: chunked\r\n\r\n`;

  test('is followed, and its connection is closed', async () => {
    react = (socket) => void socket.write(`${head('/ok')}5\r\nhello\r\n`);
    expect(await (await fetch('/lost')).text()).toBe('ok');
    await eventually(() => sockets[0]?.destroyed === true);
  });

  test('ends in an error when it leads nowhere else, and leaves no connection open', async () => {
    react = (socket) => {
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', more);
      socket.write(head('/lost'));
      more();
    };
    const error: unknown = await fetch('/lost').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TypeError', cause: { code: 'ERR_REDIRECT_LIMIT' } });
    await eventually(() => sockets.every(({ destroyed }) => destroyed));
  });
});

test.each([undefined, null, 0, 'text'])('an upload that throws %p rejects with it as the cause', async (thrown) => {
  react = destroy;
  const body = { [Symbol.asyncIterator]: () => ({ next: () => rejectedWith(thrown) }) };
  const init = { method: 'POST', body, duplex: 'half' } as unknown as RequestInit;
  const error: unknown = await fetch('/lost', init).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as TypeError).cause).toBe(thrown);
});

test('one signal of many calls has one listener, and ends all of them with its reason', async () => {
  react = () => undefined;
  const controller = new AbortController();
  const calls = Array.from({ length: 20 }, () => fetch('/hangs', { signal: controller.signal }));
  const outcomes = Promise.allSettled(calls);
  await eventually(() => handled.length === 20);
  // From the eleventh on Node.js warns of a leak.
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  const reason = new Error('changed my mind');
  controller.abort(reason);
  expect(await outcomes).toEqual(Array.from({ length: 20 }, () => ({ status: 'rejected', reason })));
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
});
