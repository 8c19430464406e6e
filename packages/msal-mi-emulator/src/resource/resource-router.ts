import type { Answer, Exchange } from '../http/exchange.js';
import type { World } from '../world.js';
import type { Caller } from './verify-token.js';

/** One of the protected resources. */
export type ResourceName = 'handshake' | 'vault' | 'arm';

/** What a route gets: the request, and a caller that is already proven. */
export interface ResourceCall {
  exchange: Exchange;
  caller: Caller;
  resource: ResourceName;
  /** Origin of the resource, for ids and links. */
  origin: string;
  /** Groups of the route's pattern. */
  params: Readonly<Record<string, string>>;
  world: World;
}

/** Something that a resource offers behind its token check. */
export interface ResourceRoute {
  /** Undefined: every resource. */
  resource?: ResourceName;
  /** Undefined: every method. */
  methods?: readonly string[];
  /** Matched against the path; named groups become `params`. */
  pattern: RegExp;
  answer(call: ResourceCall): Answer | Promise<Answer>;
}

/** A set of routes with the state behind them. */
export interface ResourceModule {
  routes: readonly ResourceRoute[];
  /** Forgets the state; called by `Emulator.reset`. */
  reset?(): void;
}

/** Finds the route of a call; the first match of the first module wins. */
export class ResourceRouter {
  readonly #modules: readonly ResourceModule[];

  /** @param modules in order of precedence */
  constructor(modules: readonly ResourceModule[]) {
    this.#modules = modules;
  }

  /** Answers a call of a proven caller. */
  async answer(call: Omit<ResourceCall, 'params'>): Promise<Answer> {
    const { method, path } = call.exchange;
    const candidates = this.#modules
      .flatMap(({ routes }) => routes)
      .filter((route) => serves(route, call.resource, path));
    const route = candidates.find(({ methods }) => methods?.includes(method) ?? true);
    if (route) return route.answer({ ...call, params: { ...route.pattern.exec(path)?.groups } });
    const allowed = candidates.flatMap(({ methods }) => methods ?? []);
    return allowed.length > 0
      ? {
          status: 405,
          headers: { Allow: [...new Set(allowed)].join(', ') },
          json: { ok: false, reason: 'method_not_allowed' },
        }
      : { status: 404, json: { ok: false, reason: 'not_found' } };
  }

  /** Forgets the state of every module. */
  reset(): void {
    for (const module of this.#modules) module.reset?.();
  }
}

function serves({ resource, pattern }: ResourceRoute, name: ResourceName, path: string): boolean {
  return (resource === undefined || resource === name) && pattern.test(path);
}
