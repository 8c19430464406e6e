/**
 * Whatever a framework, a response, a key set or the code behind the middleware does, the server goes on (D36). An exception
 * or a rejection that nobody handles fails the test it happens in.
 */
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { createRequire } from 'node:module';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express from 'express';
import Koa from 'koa';
import { createMtlsPopAuthenticator, requireMtlsPop, type RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { eventually } from '../emulator/support/eventually.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { untouchable } from '../support/untouchable.js';

const require = createRequire(import.meta.url);
const timeout = require('connect-timeout') as (limit: string) => express.RequestHandler;
const express4 = require('express4') as typeof express;

const servers = await untilTheEnd(ResourceServers.start());

const good = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256)}`;

/** Options whose key set answers when the test says so, and which tell when a line was logged. */
async function slowKeys() {
  let release: () => void = () => undefined;
  let asked: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const wasAsked = new Promise<void>((resolve) => (asked = resolve));
  const jwks = await servers.keySetAnswering((response) => {
    asked();
    void released.then(() => servers.issuer.sendKeys(response));
  });
  let seen: (line: string) => void = () => undefined;
  const late = new Promise<string>((resolve) => (seen = resolve));
  const loggerCallback = (_level: number, line: string) => {
    if (/before the token was verified|nobody waits/.test(line)) seen(line);
  };
  const options: RequireMtlsPopOptions = {
    ...servers.options,
    jwks,
    loggerOptions: { logLevel: 3, loggerCallback },
  };
  return { options, release, wasAsked, late };
}

describe.each([
  ['4', express4],
  ['5', express],
] as const)('with connect-timeout in front in Express %s', (_version, create) => {
  test.each(['good', 'stolen'])(
    'a %s token that is verified after the time-out was answered changes nothing',
    async (kind) => {
      const { options, release, late } = await slowKeys();
      const reached: string[] = [];
      const app = create();
      app.set('env', 'test');
      app.use('/slow', timeout('1ms'));
      app.use(requireMtlsPop(options));
      app.use((req, res) => {
        reached.push(req.url);
        res.end('served');
      });
      const origin = await servers.serveWith(app as never);
      const as = kind === 'good' ? servers.client : servers.thief;

      expect((await servers.call(as, good, `${origin}/slow`)).status).toBe(503);
      release();
      await late;

      expect(reached).toEqual([]);
      expect((await servers.call(servers.client, good, `${origin}/next`)).status).toBe(200);
    },
  );
});

test('an answer that others have begun is not cut when the token turns out bad', async () => {
  const { options, release, late } = await slowKeys();
  const middleware = requireMtlsPop(options);
  const origin = await servers.serveWith((req, res) => {
    middleware(req, res, () => undefined);
    res.write('begun');
    void late.then(() => res.end(' and ended'));
    release();
  });
  const response = await servers.call(servers.thief, good, origin);
  expect([response.status, await response.text()]).toEqual([200, 'begun and ended']);
});

test('a client that is gone before its token was verified is not served', async () => {
  const { options, release, late, wasAsked } = await slowKeys();
  const middleware = requireMtlsPop(options);
  let calls = 0;
  const origin = await servers.serveWith((req, res) => {
    req.once('close', release);
    middleware(req, res, () => {
      calls += 1;
      res.end('served');
    });
  });
  const { cert, key } = servers.client.channel.tlsOptions();
  const request = https.get(origin, {
    cert,
    key,
    ca: servers.pki.authority.pem,
    agent: false,
    headers: { authorization: good },
  });
  request.on('error', () => undefined);
  await wasAsked;
  request.destroy();

  expect(await late).toMatch(/its client gone/);
  expect(calls).toBe(0);
});

function throwValue(value: unknown): never {
  throw value as Error;
}
const THROWN: Array<[string, () => unknown]> = [
  ['an error', () => new Error('secret')],
  ['nothing', () => undefined],
  ['null', () => null],
  ['text', () => 'secret'],
  ['an object without a prototype', () => Object.create(null) as unknown],
  [
    'an error with a code that cannot be read',
    () => Object.defineProperty(new Error('x'), 'code', { get: untouchable }),
  ],
  ['an error whose name is not text', () => Object.assign(new Error('x'), { name: { slice: () => Symbol('x') } })],
  ['a value that cannot be looked at', untouchable],
];

describe.each(THROWN)('when what comes next throws %s', (_name, thrown) => {
  test.each(['at once', 'later'])('%s, the client gets 500 and the next one is served', async (when) => {
    const lines: string[] = [];
    const loggerCallback = (_level: number, line: string) => void lines.push(line);
    const middleware = requireMtlsPop({ ...servers.options, loggerOptions: { loggerCallback } });
    let hasFailed = false;
    const origin = await servers.serveWith((req, res) =>
      middleware(req, res, () => {
        if (hasFailed) {
          res.end('served');
          return;
        }
        hasFailed = true;
        if (when === 'at once') throwValue(thrown());
        return Promise.reject(thrown()) as never;
      }),
    );

    const failed = await servers.call(servers.client, good, origin);
    expect(failed.status).toBe(500);
    expect(await failed.text()).not.toContain('secret');
    expect((await servers.call(servers.client, good, origin)).status).toBe(200);
    expect(lines.filter((line) => line.includes('what comes after the middleware failed'))).toHaveLength(1);
    expect(lines.join()).not.toContain('secret');
  });
});

test('a response that refuses its headers is closed, and the next client is served', async () => {
  const middleware = requireMtlsPop(servers.options);
  let isBroken = true;
  const origin = await servers.serveWith((req, res) => {
    if (isBroken) {
      res.setHeader = () => {
        throw new Error('broken');
      };
    }
    isBroken = false;
    middleware(req, res, () => res.end('served'));
  });

  await expect(servers.call(servers.thief, good, origin)).rejects.toThrow();
  expect((await servers.call(servers.client, good, origin)).status).toBe(200);
});

test('a response that cannot be looked at counts as answered', async () => {
  let broken: IncomingMessage | undefined;
  const loggerCallback = (_level: number, line: string) => {
    if (/was answered, or its client gone|nobody waits/.test(line)) broken?.socket.destroy();
  };
  const middleware = requireMtlsPop({ ...servers.options, loggerOptions: { logLevel: 3, loggerCallback } });
  const reached: string[] = [];
  const origin = await servers.serveWith((req, res) => {
    const { pathname } = new URL(req.url ?? '', 'https://localhost');
    if (pathname === '/broken') {
      Object.defineProperty(res, 'headersSent', { get: () => throwValue(new Error('broken')) });
      broken = req;
    }
    middleware(req, res, () => {
      reached.push(pathname);
      res.end('served');
    });
  });
  for (const as of [servers.client, servers.thief]) {
    await expect(servers.call(as, good, `${origin}/broken`)).rejects.toThrow();
  }
  expect((await servers.call(servers.client, good, `${origin}/next`)).status).toBe(200);
  expect(reached).toEqual(['/next']);
});

test('over HTTP/2 a client that is gone is one without a certificate', async () => {
  const reasons: string[] = [];
  const onRefusal = (event: unknown) => void reasons.push((event as { reason: string }).reason);
  subscribe('msal-mi-core:refusal', onRefusal);
  const middleware = requireMtlsPop(servers.options);
  const server = http2.createSecureServer(servers.tls, (req, res) => {
    req.stream.session?.once('close', () => middleware(req, res, () => undefined));
    req.stream.session?.destroy();
  });
  const origin = `https://localhost:${await servers.listen(server)}`;
  const { cert, key } = servers.client.channel.tlsOptions();
  const session = http2.connect(origin, { cert, key, ca: servers.pki.authority.pem });
  session.on('error', () => undefined);
  session.request({ ':path': '/', authorization: good }).on('error', () => undefined);
  await eventually(() => reasons.length > 0);
  unsubscribe('msal-mi-core:refusal', onRefusal);
  expect(reasons).toEqual(['no_certificate']);
});

test('a request that cannot be told who calls is refused with 500', async () => {
  const middleware = requireMtlsPop(servers.options);
  const origin = await servers.serveWith((req, res) => {
    Object.defineProperty(req, 'mtlsPop', { value: 'of somebody else', writable: false });
    middleware(req, res, () => res.end('served'));
  });
  const response = await servers.call(servers.client, good, origin);
  expect(response.status).toBe(500);
});

describe('a function for keys', () => {
  test.each(THROWN)('that throws %s is not the fault of the client', async (_name, thrown) => {
    const failing: Array<RequireMtlsPopOptions['jwks']> = [() => throwValue(thrown()), () => Promise.reject(thrown())];
    for (const jwks of failing) {
      await expect(servers.verify(good, { jwks })).rejects.toMatchObject({
        errorCode: 'key_set_unavailable',
        statusCode: 503,
      });
    }
  });

  test.each([undefined, null, 42, 'key'])('that returns %j is not the fault of the client', async (key) => {
    await expect(servers.verify(good, { jwks: () => Promise.resolve(key) })).rejects.toMatchObject({
      errorCode: 'key_set_unavailable',
    });
  });
});

test('Koa tells the client why it was refused, and reports no fault of the server', async () => {
  const app = new Koa();
  const authenticate = createMtlsPopAuthenticator(servers.options);
  app.use(async (ctx) => void (ctx.body = await authenticate(ctx.req)));
  const origin = await servers.serveWith((req, res) => app.callback()(req, res));
  const { console: platformConsole } = globalThis;
  const reported: unknown[] = [];
  globalThis.console = { ...platformConsole, error: (line: unknown) => void reported.push(line) };
  const refused = await servers.call(servers.thief, good, origin);
  globalThis.console = platformConsole;
  expect(refused.status).toBe(401);
  expect(await refused.text()).toMatch(/bound to another certificate/);
  expect(reported).toEqual([]);
});

test('a server without TLS refuses everybody', async () => {
  const middleware = requireMtlsPop(servers.options);
  const port = await servers.listen(createPlainServer((req, res) => middleware(req, res, () => res.end('served'))));
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: good } });
  expect(response.status).toBe(401);
});
