/** The plug-in for Fastify: what it guards, and who hears of refusals. */
import type https from 'node:https';
import fastify from 'fastify';
import { fastifyMtlsPop } from 'core/resource-server/index.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());

const good = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256)}`;

describe('the plug-in for Fastify', () => {
  const listen = async (app: { ready(): PromiseLike<unknown>; server: https.Server }) => {
    await app.ready();
    return `https://localhost:${await servers.listen(app.server)}`;
  };
  const create = () => fastify({ https: servers.tls });
  const statuses = async (origin: string, ...paths: string[]) => {
    const found: number[] = [];
    for (const path of paths) found.push((await servers.call(servers.thief, good, origin + path)).status);
    return found;
  };

  test('guards all routes of its scope and of scopes inside, and none outside', async () => {
    const app = create();
    app.get('/public', () => 'served');
    app.register(async (scope) => {
      scope.get('/early', () => 'served');
      await scope.register(fastifyMtlsPop, servers.options);
      scope.get('/late', () => 'served');
      scope.register((inner, _options, done) => {
        inner.get('/inner', () => 'served');
        done();
      });
    });
    const origin = await listen(app);
    expect(await statuses(origin, '/public', '/early', '/late', '/inner')).toEqual([200, 401, 401, 401]);
    expect((await servers.call(servers.client, good, `${origin}/inner`)).status).toBe(200);
  });

  test('guards routes that do not exist, too', async () => {
    const app = create();
    app.register(fastifyMtlsPop, servers.options);
    expect(await statuses(await listen(app as never), '/nowhere')).toEqual([401]);
  });

  test('can be registered inside a scope that it guards already', async () => {
    const app = create();
    await app.register(fastifyMtlsPop, servers.options);
    await app.register(async (scope) => {
      await scope.register(fastifyMtlsPop, { ...servers.options, requiredClaims: ['roles'] });
      scope.get('/', () => 'served');
    });
    expect((await servers.call(servers.client, good, await listen(app as never))).status).toBe(401);
  });

  test('hands refusals to the error handler of the application', async () => {
    const app = create();
    app.register(fastifyMtlsPop, servers.options);
    app.get('/', () => 'served');
    app.setErrorHandler((error, _request, reply) => reply.code(418).send((error as { reason?: string }).reason));
    const response = await servers.call(servers.thief, good, await listen(app));
    expect([response.status, await response.text()]).toEqual([418, 'other_certificate']);
  });

  test('keeps the application from starting with bad options', async () => {
    const app = create();
    app.register(fastifyMtlsPop, { ...servers.options, issuer: '' });
    await expect(app.ready()).rejects.toMatchObject({ errorCode: 'invalid_configuration' });
  });
});
