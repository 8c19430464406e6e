import { randomBytes } from 'node:crypto';
import { parseJsonObject, type Answer, type Exchange } from '../../http/exchange.js';
import type { ResourceCall } from '../resource-router.js';
import { answerEcho } from './echo.js';
import { pageOf } from './paging.js';

/** What secrets and keys of a vault have in common. Times in seconds since 1970. */
export interface VaultObject {
  name: string;
  version: string;
  attributes: { enabled: boolean; created: number; updated: number; recoveryLevel: 'Purgeable' };
  tags: unknown;
}

const LARGEST_PAGE = 25;

/** Versions of named objects of one kind, as Key Vault keeps them. */
export class VaultObjects<T extends VaultObject> {
  readonly #versions = new Map<string, T[]>();

  constructor(private readonly collection: 'secrets' | 'keys') {}

  add(object: T): void {
    this.#versions.set(object.name, [...(this.#versions.get(object.name) ?? []), object]);
  }

  /** @param version - Undefined or empty: the latest. */
  find(name: string | undefined, version: string | undefined): T | undefined {
    const versions = this.#versions.get(name ?? '') ?? [];
    return version ? versions.find((object) => object.version === version) : versions.at(-1);
  }

  delete(name: string): T | undefined {
    const latest = this.find(name, undefined);
    this.#versions.delete(name);
    return latest;
  }

  clear(): void {
    this.#versions.clear();
  }

  /** `GET /{collection}`: one page of the latest versions; `describe` says what a list shows of each. */
  list({ exchange, origin }: ResourceCall, describe: (object: T, id: string) => object): Answer {
    const latest = [...this.#versions.values()].map((versions) => versions.at(-1)!);
    const { query } = exchange;
    const page = pageOf(latest, query.get('$skiptoken'), query.get('maxresults'), LARGEST_PAGE);
    const value = page.items.map((object) => describe(object, `${origin}/${this.collection}/${object.name}`));
    if (page.next === undefined) return { status: 200, json: { value, nextLink: null } };
    const next = new URLSearchParams({ 'api-version': query.get('api-version') ?? '', $skiptoken: page.next });
    const size = query.get('maxresults');
    if (size !== null) next.set('maxresults', size);
    return { status: 200, json: { value, nextLink: `${origin}/${this.collection}?${next.toString()}` } };
  }

  idOf({ name, version }: T, origin: string): string {
    return `${origin}/${this.collection}/${name}/${version}`;
  }
}

/** A new version of an object. */
export function newVaultObject(name: string, body: Record<string, unknown>, nowMs: number): VaultObject {
  const nowSeconds = Math.floor(nowMs / 1000);
  return {
    name,
    version: randomBytes(16).toString('hex'),
    attributes: { enabled: true, created: nowSeconds, updated: nowSeconds, recoveryLevel: 'Purgeable' },
    tags: body['tags'],
  };
}

/**
 * Runs a route of Key Vault; the body has to be JSON when there is one. A request that names no version of the API comes from no
 * client of Key Vault: it is echoed.
 */
export function vaultRoute(
  answer: (call: ResourceCall, body: Record<string, unknown>) => Answer | Promise<Answer>,
): (call: ResourceCall) => Answer | Promise<Answer> {
  return (call) => {
    const { exchange } = call;
    if (exchange.query.get('api-version') === null) return answerEcho(call);
    const body = bodyOf(exchange);
    return body ? answer(call, body) : vaultError(400, 'BadParameter', 'The body is not a JSON object.');
  };
}

/** An error in Key Vault's shape. */
export function vaultError(status: number, code: string, message: string): Answer {
  return { status, json: { error: { code, message } }, failure: `${code}: ${message}` };
}

function bodyOf({ body }: Exchange): Record<string, unknown> | undefined {
  return body.length === 0 ? {} : parseJsonObject(body);
}
