/** A plug-in for Fastify, in the shape that fastify-plugin gives one: it guards the scope it is registered in. */
import type { RequireMtlsPopOptions } from './authenticator.js';
import { requireMtlsPop } from './middleware.js';

/** What is used of an instance of Fastify. */
export interface FastifyScope {
  /** Whether requests have a member of this name. */
  hasRequestDecorator(name: string): boolean;
  /** Adds a member to all requests. */
  decorateRequest(name: string, value: null): unknown;
  /** Adds a hook to all routes of this scope. */
  addHook(name: 'onRequest', hook: (request: unknown, reply: unknown, done: (err?: unknown) => void) => void): unknown;
}

/**
 * `app.register(fastifyMtlsPop, options)`: all routes of the scope that it is registered in, and of the scopes inside, need
 * a bound token; `request.mtlsPop` holds what it carries. What is refused goes to Fastify's error handler as
 * MtlsPopRefusal or MtlsPopUnavailable, with `statusCode` and `headers`.
 *
 * @throws MsalMiError `invalid_configuration`, by `app.ready()`.
 */
export function fastifyMtlsPop(
  fastify: FastifyScope,
  options: RequireMtlsPopOptions,
  done: (err?: Error) => void,
): void {
  try {
    const hook = requireMtlsPop(options);
    if (!fastify.hasRequestDecorator('mtlsPop')) fastify.decorateRequest('mtlsPop', null);
    fastify.addHook('onRequest', hook);
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

// Without this a plug-in has a scope of its own, and would guard no route.
Object.assign(fastifyMtlsPop, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'msal-mi-core/resource-server',
});
