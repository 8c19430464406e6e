/** A framework that passes objects of its own: refused as a 500 that says why (D36). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import Koa from 'koa';
import { isMsalMiError } from 'core/errors.js';
import { createMtlsPopAuthenticator, requireMtlsPop } from 'core/resource-server/index.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { untouchable } from '../support/untouchable.js';

const servers = await untilTheEnd(ResourceServers.start());

const good = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256)}`;

describe('objects of a framework that is not known', () => {
  const WHY = /objects|request and a response of Node\.js/;

  test('Koa, given the middleware as its own, answers 500 and says why', async () => {
    const app = new Koa();
    app.silent = true;
    app.use(requireMtlsPop(servers.options) as never);
    app.use((ctx) => {
      ctx.body = 'served';
    });
    const origin = await servers.serveWith((req, res) => app.callback()(req, res));
    const response = await servers.call(servers.client, good, origin);
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(WHY);
  });

  test('Hono, given the middleware as its own, answers 500 and says why', async () => {
    const app = new Hono();
    app.use(requireMtlsPop(servers.options) as never);
    app.get('/', (c) => c.text('served'));
    const { tls: serverOptions } = servers;
    const server = createAdaptorServer({ fetch: app.fetch, createServer: https.createServer, serverOptions });
    const response = await servers.call(servers.client, good, `https://localhost:${await servers.listen(server)}`);
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(WHY);
  });

  test('Koa and Hono answer 500 and say why when the authenticator is given their context', async () => {
    const authenticate = createMtlsPopAuthenticator(servers.options);
    const hono = new Hono();
    hono.use(async (c, next) => {
      await authenticate(c as never);
      await next();
    });
    const response = await hono.request('/');
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(/not a request of Node\.js/);
  });

  test('a handler without a function to go on with answers 500 and says why', async () => {
    const middleware = requireMtlsPop(servers.options) as unknown as (
      req: IncomingMessage,
      res: ServerResponse,
    ) => void;
    const response = await servers.call(servers.client, good, await servers.serveWith(middleware));
    expect(response.status).toBe(500);
    expect(await response.text()).toMatch(WHY);
  });

  test.each([
    ['empty objects', [{}, {}]],
    ['nothing', [undefined, undefined]],
    ['values that cannot be looked at', [untouchable(), untouchable()]],
    ['a request of fetch', [new Request('https://localhost/'), new Response()]],
  ])('with %s, the error that goes on is a 500 that says why', (_name, [req, res]) => {
    const passed: unknown[] = [];
    requireMtlsPop(servers.options)(req, res, (error) => passed.push(error));
    expect(passed).toEqual([
      expect.objectContaining({ statusCode: 500, message: expect.stringMatching(WHY) as string }),
    ]);
    expect(isMsalMiError(passed[0])).toBe(true);
  });

  test('each is logged', () => {
    const lines: string[] = [];
    const loggerCallback = (_level: number, line: string) => void lines.push(line);
    const middleware = requireMtlsPop({ ...servers.options, loggerOptions: { loggerCallback } });
    middleware({}, {}, () => {
      throw new Error('no');
    });
    (middleware as () => void)();
    return new Promise(setImmediate).then(() => {
      expect(lines).toHaveLength(2);
      expect(lines[0]).toMatch(WHY);
    });
  });
});
