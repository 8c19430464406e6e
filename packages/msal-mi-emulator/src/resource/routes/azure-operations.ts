import { randomUUID } from 'node:crypto';
import type { Answer } from '../../http/exchange.js';
import type { ResourceCall, ResourceModule } from '../resource-router.js';

/** Where a link leads: the same origin, another resource, the same server under another name, or plain http. */
const PLACES = ['here', 'other-resource', 'other-host', 'plain-http'] as const;
type Place = (typeof PLACES)[number];

const LINK_HEADERS = ['Operation-Location', 'Azure-AsyncOperation', 'Location'];
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_STEPS = 100;

interface Operation {
  /** Polls until it has succeeded. */
  left: number;
  method: string;
}

/**
 * What the core of Azure SDK clients does beyond single requests, for tests of transports: pages by `nextLink`, long-running
 * operations by a header, and redirects, each of them within the origin or away from it.
 */
export function createAzureOperations(): ResourceModule {
  const operations = new Map<string, Operation>();
  return {
    reset: () => operations.clear(),
    routes: [
      { methods: ['GET'], pattern: /^\/azure\/pages$/, answer: answerPage },
      {
        methods: ['POST', 'PUT', 'DELETE'],
        pattern: /^\/azure\/operations$/,
        answer: (call) => start(call, operations),
      },
      {
        methods: ['GET'],
        pattern: /^\/azure\/operations\/(?<id>[0-9a-f-]{36})(?<result>\/result)?$/,
        answer: (call) => poll(call, operations),
      },
      { pattern: /^\/azure\/redirect$/, answer: redirect },
    ],
  };
}

/** `GET /azure/pages?pages=3&page=1&to=here`: pages of one item. */
function answerPage(call: ResourceCall): Answer {
  const { query } = call.exchange;
  const pages = steps(query.get('pages'), 3);
  const page = steps(query.get('page'), 1);
  const place = placeOf(query);
  if (!pages || !page || !place) return refuse();
  const value = [{ id: `item-${page}` }];
  if (page >= pages) return { status: 200, json: { value } };
  const next = new URLSearchParams({ ...Object.fromEntries(query), page: String(page + 1) });
  return { status: 200, json: { value, nextLink: `${originOf(place, call)}/azure/pages?${next.toString()}` } };
}

/** `POST /azure/operations?polls=2&by=Operation-Location&to=here`: 202, and a link to ask at. */
function start(call: ResourceCall, operations: Map<string, Operation>): Answer {
  const { query, method } = call.exchange;
  const polls = steps(query.get('polls'), 2);
  const place = placeOf(query);
  const header = LINK_HEADERS.find(
    (name) => name.toLowerCase() === (query.get('by') ?? LINK_HEADERS[0]!).toLowerCase(),
  );
  if (!polls || !place || header === undefined) return refuse();
  const id = randomUUID();
  operations.set(id, { left: polls, method });
  const link = `${originOf(place, call)}/azure/operations/${id}`;
  return { status: 202, headers: { [header]: link, 'Retry-After': '0' }, json: { id, status: 'Running' } };
}

function poll({ params, origin }: ResourceCall, operations: Map<string, Operation>): Answer {
  const id = params['id'] ?? '';
  const operation = operations.get(id);
  if (!operation) return { status: 404, json: { error: { code: 'OperationNotFound', message: id } } };
  if (params['result'] !== undefined) return { status: 200, json: { id, method: operation.method } };
  operation.left -= 1;
  if (operation.left > 0) return { status: 200, headers: { 'Retry-After': '0' }, json: { id, status: 'Running' } };
  const resourceLocation = `${origin}/azure/operations/${id}/result`;
  return { status: 200, json: { id, status: 'Succeeded', resourceLocation, properties: { method: operation.method } } };
}

/** `/azure/redirect?status=307&to=other-resource`: leads to `/azure/redirected` there. */
function redirect(call: ResourceCall): Answer {
  const { query } = call.exchange;
  const status = Number(query.get('status') ?? '307');
  const place = placeOf(query);
  if (!place || !REDIRECTS.includes(status)) return refuse();
  return { status, headers: { Location: `${originOf(place, call)}/azure/redirected` } };
}

function steps(text: string | null, otherwise: number): number | undefined {
  if (text === null) return otherwise;
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= MOST_STEPS ? count : undefined;
}

function placeOf(query: URLSearchParams): Place | undefined {
  const wanted = query.get('to') ?? 'here';
  return PLACES.find((place) => place === wanted);
}

function originOf(place: Place, { origin, resource, world }: ResourceCall): string {
  if (place === 'here') return origin;
  if (place === 'other-resource') return resource === 'vault' ? world.addresses.handshake : world.addresses.vault;
  if (place === 'other-host') return origin.replace('//localhost:', '//127.0.0.1:');
  return origin.replace('https:', 'http:');
}

function refuse(): Answer {
  const message =
    `pages, page and polls are 1 to ${MOST_STEPS}, to is one of ${PLACES.join(', ')}, ` +
    `by one of ${LINK_HEADERS.join(', ')}, status one of ${REDIRECTS.join(', ')}`;
  return { status: 400, json: { error: { code: 'BadRequest', message } }, failure: message };
}
