import type { Answer } from '../../http/exchange.js';
import type { ResourceCall, ResourceModule } from '../resource-router.js';

const LONGEST_ECHO = 64 * 1024;

/** Says who called, and repeats the body (at most 64 KiB of it). */
export function answerEcho({ exchange, caller, resource }: ResourceCall): Answer {
  return {
    status: 200,
    json: {
      ok: true,
      resource,
      audience: caller.claims.aud,
      clientId: caller.claims.appid,
      thumbprint: caller.thumbprintS256,
      method: exchange.method,
      path: exchange.path,
      body: exchange.body.toString('utf8').slice(0, LONGEST_ECHO),
    },
  };
}

/** Every path that nobody else serves. */
export const echo: ResourceModule = { routes: [{ pattern: /^\//, answer: answerEcho }] };
