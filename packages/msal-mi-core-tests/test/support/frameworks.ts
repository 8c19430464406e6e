/** The same application in each framework: it answers with what a bound token carries. */
import http2 from 'node:http2';
import https from 'node:https';
import { createRequire } from 'node:module';
import type { Server } from 'node:net';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import {
  createMtlsPopAuthenticator,
  fastifyMtlsPop,
  requireMtlsPop,
  type MtlsPop,
  type MtlsPopRequest,
  type RequireMtlsPopOptions,
} from 'core/resource-server/index.js';

export interface Framework {
  readonly name: string;
  readonly isHttp2?: true;
  create(options: RequireMtlsPopOptions, tls: https.ServerOptions): Server | Promise<Server>;
}

const require = createRequire(import.meta.url);

function createExpress(version: typeof express): Framework['create'] {
  return (options, tls) => {
    const app = version();
    app.set('env', 'test'); // Errors go to the client alone.
    app.use(requireMtlsPop(options));
    app.get('/', (req, res) => {
      res.json((req as MtlsPopRequest).mtlsPop);
    });
    return https.createServer(tls, app);
  };
}

async function serverOf(app: FastifyInstance): Promise<Server> {
  app.get('/', (request) => (request as MtlsPopRequest).mtlsPop);
  await app.ready();
  return app.server;
}

function handler(options: RequireMtlsPopOptions) {
  const authenticate = requireMtlsPop(options);
  return (req: object, res: PlainResponse) => {
    authenticate(req, res, (error) => {
      if (error !== undefined) {
        const { statusCode, headers } = error as { statusCode: number; headers: Record<string, string> };
        res.writeHead(statusCode, headers).end();
      } else res.end(JSON.stringify((req as MtlsPopRequest).mtlsPop));
    });
  };
}

interface PlainResponse {
  writeHead(statusCode: number, headers: Record<string, string>): { end(): unknown };
  end(body: string): unknown;
}

export const FRAMEWORKS: readonly Framework[] = [
  { name: 'node:https', create: (options, tls) => https.createServer(tls, handler(options)) },
  {
    name: 'node:http2',
    isHttp2: true,
    create: (options, tls) => http2.createSecureServer(tls, handler(options)),
  },
  { name: 'Express 5', create: createExpress(express) },
  { name: 'Express 4', create: createExpress(require('express4') as typeof express) },
  {
    name: 'Fastify, as a plug-in',
    create: (options, tls) => serverOf(fastify({ https: tls }).register(fastifyMtlsPop, options)),
  },
  {
    name: 'Fastify, as a plug-in over HTTP/2',
    isHttp2: true,
    create: (options, tls) => serverOf(fastify({ http2: true, https: tls }).register(fastifyMtlsPop, options) as never),
  },
  {
    name: 'Fastify, as a hook',
    create: (options, tls) => serverOf(fastify({ https: tls }).addHook('onRequest', requireMtlsPop(options) as never)),
  },
  {
    name: 'Koa',
    create(options, tls) {
      const authenticate = createMtlsPopAuthenticator(options);
      const app = new Koa<{ mtlsPop: MtlsPop }>();
      app.silent = true; // Errors go to the client alone.
      app.use(async (ctx, next) => {
        ctx.state.mtlsPop = await authenticate(ctx.req);
        await next();
      });
      app.use((ctx) => {
        ctx.body = ctx.state.mtlsPop;
      });
      return https.createServer(tls, (req, res) => void app.callback()(req, res));
    },
  },
  {
    name: 'Hono',
    create(options, tls) {
      const authenticate = createMtlsPopAuthenticator(options);
      const app = new Hono<{ Bindings: HttpBindings; Variables: { mtlsPop: MtlsPop } }>();
      app.use(async (c, next) => {
        c.set('mtlsPop', await authenticate(c.env.incoming));
        await next();
      });
      app.get('/', (c) => c.json(c.get('mtlsPop')));
      return createAdaptorServer({ fetch: app.fetch, createServer: https.createServer, serverOptions: tls });
    },
  },
];
