/** Middleware with a request, a response and a callback: Express, Connect, Fastify hooks, plain servers of Node.js. */
import { createLogger, type Logger } from '../diagnostics/logger.js';
import type { LoggerOptions } from '../public-types.js';
import { summarizeForeignError } from '../secret.js';
import { authenticatorOf, isServerRequest, parseServerOptions, type RequireMtlsPopOptions } from './authenticator.js';
import type { ServerRequest } from './client-certificate.js';
import type { MtlsPop } from './mtls-pop.js';
import { answerOf, MtlsPopRefusal, UnsupportedFramework } from './refusal.js';
import { reporting } from './report.js';
import { answer, isAnswered, isServerResponse, type ServerResponse } from './server-response.js';

/** What the middleware adds to a request: `interface Request extends MtlsPopRequest {}` tells TypeScript so. */
export interface MtlsPopRequest {
  /** Set on requests that were let through. */
  mtlsPop?: MtlsPop;
}

type Next = (err?: unknown) => unknown;

/** One call of the middleware by a framework that is known. */
interface Exchange {
  readonly request: ServerRequest;
  readonly response: ServerResponse;
  /** What `mtlsPop` is set on. */
  readonly target: MtlsPopRequest;
  readonly next: Next;
  /** Fastify answers with what `next` is given, so that its own hooks and error handler see it. */
  readonly passesRefusals: boolean;
}

/**
 * Middleware for Express and Connect: lets requests through that carry a token bound to the certificate of their
 * connection, with `req.mtlsPop = { claims, thumbprintS256 }`, and answers 401 with `WWW-Authenticate` to all others.
 * Works as an `onRequest` hook of Fastify too. The server has to ask for client certificates (`requestCert: true`).
 *
 * It never throws: an answer that was already sent, a client that is gone and whatever `next` throws end in a log line, and
 * in a 500 when nothing was answered yet; objects that are not those of Node.js in a 500 that says why.
 *
 * @param options - Whose tokens, for which API. Checked at once.
 * @returns Middleware that passes on only what is not the client's fault, such as an unreachable key set
 *   (MtlsPopUnavailable, which Express answers with 503).
 * @throws MsalMiError `invalid_configuration`.
 *
 * @example
 * ```ts
 * import { requireMtlsPop } from 'msal-mi-core/resource-server';
 *
 * const tenant = 'https://login.microsoftonline.com/33333333-3333-3333-3333-333333333333';
 * const jwks = new URL(`${tenant}/discovery/v2.0/keys`);
 * const authenticate = requireMtlsPop({ issuer: `${tenant}/v2.0`, audience: 'api://orders', jwks });
 * ```
 */
export function requireMtlsPop(
  options: RequireMtlsPopOptions,
): (req: unknown, res: unknown, next: (err?: unknown) => void) => void {
  const serverRules = parseServerOptions(options);
  const { loggerOptions } = serverRules.rules;
  const authenticate = authenticatorOf(serverRules);
  const log = createLogger(loggerOptions);
  return (req, res, next) => {
    const exchange = toExchange(req, res, next);
    if (exchange === undefined) return refuseFramework(loggerOptions, req, res, next);
    void authenticate(exchange.request).then(
      (mtlsPop) => admit(exchange, mtlsPop, log),
      (error: unknown) => refuse(exchange, error, log),
    );
    return undefined;
  };
}

function admit(exchange: Exchange, mtlsPop: MtlsPop, log: Logger): void {
  try {
    exchange.target.mtlsPop = mtlsPop;
  } catch (error) {
    fail(exchange, error, log);
    return;
  }
  callNext(exchange, [], log);
}

function refuse(exchange: Exchange, error: unknown, log: Logger): void {
  if (error instanceof MtlsPopRefusal && !exchange.passesRefusals) {
    if (!answer(exchange.response, answerOf(error))) log.verbose('resource server: nobody waits for the refusal.');
  } else callNext(exchange, [error], log);
}

/** Whoever has answered, such as a middleware that limits time, has ended the request: what is next must not answer again. */
function callNext(exchange: Exchange, args: [] | [unknown], log: Logger): void {
  if (isAnswered(exchange.response)) {
    log.verbose('resource server: the request was answered, or its client gone, before the token was verified.');
    return;
  }
  try {
    const returned = exchange.next(...args);
    Promise.resolve(returned).catch((error: unknown) => fail(exchange, error, log));
  } catch (error) {
    fail(exchange, error, log);
  }
}

function fail({ response }: Exchange, error: unknown, log: Logger): void {
  log.error(`resource server: what comes after the middleware failed (${summarizeForeignError(error)}).`);
  answer(response, answerOf(undefined));
}

function toExchange(req: unknown, res: unknown, next: unknown): Exchange | undefined {
  if (typeof next !== 'function') return undefined;
  const shared = { target: req as MtlsPopRequest, next: next as Next };
  if (isServerRequest(req) && isServerResponse(res)) {
    return { ...shared, request: req, response: res, passesRefusals: false };
  }
  const request = rawOf(req);
  const response = rawOf(res);
  return isServerRequest(request) && isServerResponse(response)
    ? { ...shared, request, response, passesRefusals: true }
    : undefined;
}

/** What a framework has wrapped. */
function rawOf(wrapped: unknown, name = 'raw'): unknown {
  try {
    return (wrapped as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

const NO_NODE_OBJECTS =
  'requireMtlsPop needs a request and a response of Node.js, and a function to go on with. For other frameworks ' +
  'use createMtlsPopAuthenticator.';

/**
 * Nothing is let through, and something is answered: on the response where one can be found, else by `next`, which takes
 * an error wherever it is the third argument, else by what is returned.
 */
function refuseFramework(
  loggerOptions: LoggerOptions | undefined,
  req: unknown,
  res: unknown,
  next: unknown,
): Response | undefined {
  const error = new UnsupportedFramework(NO_NODE_OBJECTS);
  void reporting(loggerOptions, undefined, () => Promise.reject(error)).catch(() => undefined);
  for (const candidate of [res, rawOf(res), rawOf(req, 'res')]) {
    if (isServerResponse(candidate)) {
      answer(candidate, answerOf(error));
      return undefined;
    }
  }
  if (typeof next !== 'function') return error.getResponse();
  try {
    Promise.resolve((next as Next)(error)).catch(() => undefined);
  } catch {
    // It has been logged; the request was not let through.
  }
  return undefined;
}
