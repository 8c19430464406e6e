/** A plug-in for Fastify, in the shape that fastify-plugin gives one: it guards the scope it is registered in. */
import { isMsalMiError } from '../errors.js';
import type { RequireMtlsPopOptions } from './authenticator.js';
import { requireMtlsPop } from './middleware.js';
import { UnsupportedFramework } from './refusal.js';

interface FastifyScope {
  hasRequestDecorator(name: string): boolean;
  decorateRequest(name: string, value: null): unknown;
  addHook(name: 'onRequest', hook: ReturnType<typeof requireMtlsPop>): unknown;
}

/**
 * `app.register(fastifyMtlsPop, options)`: all routes of the scope that it is registered in, and of the scopes inside, need
 * a bound token; `request.mtlsPop` holds what it carries. What is refused goes to Fastify's error handler as
 * MtlsPopRefusal or MtlsPopUnavailable, with `statusCode` and `headers`.
 *
 * @param fastify - The instance that Fastify passes.
 * @param options - Bad ones end in MsalMiError `invalid_configuration`, which `app.ready()` rejects with.
 * @param done - Called once.
 */
export function fastifyMtlsPop(fastify: unknown, options: RequireMtlsPopOptions, done: (err?: Error) => void): void {
  try {
    const hook = requireMtlsPop(options);
    const scope = fastify as FastifyScope;
    if (!scope.hasRequestDecorator('mtlsPop')) scope.decorateRequest('mtlsPop', null);
    scope.addHook('onRequest', hook);
  } catch (error) {
    done(isMsalMiError(error) ? error : new UnsupportedFramework('fastifyMtlsPop needs the instance of Fastify.'));
    return;
  }
  done();
}

// Without this a plug-in has a scope of its own, and would guard no route.
Object.assign(fastifyMtlsPop, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'msal-mi-core/resource-server',
});
