import { randomUUID } from 'node:crypto';
import { parseJsonObject, type Answer } from '../../http/exchange.js';
import type { World } from '../../world.js';
import type { ResourceCall, ResourceModule, ResourceRoute } from '../resource-router.js';
import { pageOf } from './paging.js';

interface ResourceGroup {
  name: string;
  location: string;
  tags: unknown;
}

const LARGEST_PAGE = 1000;
const SUBSCRIPTION = '/subscriptions/(?<subscription>[0-9a-fA-F-]{36})';
const GROUP_NAME = '(?<name>[-\\w.()]{1,90})';

/**
 * Azure Resource Manager as far as subscriptions and resource groups go: list, get, create, check, and delete as a long-running
 * operation that ends at its second poll.
 */
export function createAzureResourceManager(): ResourceModule {
  const groups = new Map<string, ResourceGroup>();
  /** Operations that have not been polled yet. */
  const unfinished = new Set<string>();
  const route = (methods: string[], pattern: string, answer: ResourceRoute['answer']): ResourceRoute => ({
    resource: 'arm',
    methods,
    pattern: new RegExp(`^${pattern}/?$`, 'i'),
    answer: (call) => findDefect(call) ?? answer(call),
  });
  const keyOf = ({ params }: ResourceCall): string => (params['name'] ?? '').toLowerCase();
  return {
    reset() {
      groups.clear();
      unfinished.clear();
    },
    routes: [
      route(['GET'], '/subscriptions', ({ world }) => ({ status: 200, json: { value: [subscriptionOf(world)] } })),
      route(['GET'], SUBSCRIPTION, ({ world }) => ({ status: 200, json: subscriptionOf(world) })),
      route(['GET'], `${SUBSCRIPTION}/resourcegroups`, (call) => listGroups([...groups.values()], call)),
      route(['PUT'], `${SUBSCRIPTION}/resourcegroups/${GROUP_NAME}`, (call) => {
        const { location, tags } = parseJsonObject(call.exchange.body) ?? {};
        if (typeof location !== 'string') {
          return armError(400, 'LocationRequired', 'The location property is required for this definition.');
        }
        const known = groups.has(keyOf(call));
        const group: ResourceGroup = { name: call.params['name'] ?? '', location, tags };
        groups.set(keyOf(call), group);
        return { status: known ? 200 : 201, json: describe(group, call) };
      }),
      route(['GET', 'HEAD'], `${SUBSCRIPTION}/resourcegroups/${GROUP_NAME}`, (call) => {
        const group = groups.get(keyOf(call));
        if (!group) return noGroup(call);
        return call.exchange.method === 'HEAD' ? { status: 204 } : { status: 200, json: describe(group, call) };
      }),
      route(['DELETE'], `${SUBSCRIPTION}/resourcegroups/${GROUP_NAME}`, (call) => {
        if (!groups.delete(keyOf(call))) return noGroup(call);
        const id = randomUUID();
        unfinished.add(id);
        return { status: 202, headers: pollAt(call, id) };
      }),
      route(['GET'], `${SUBSCRIPTION}/operationresults/(?<operation>[0-9a-f-]{36})`, (call) => {
        const id = call.params['operation'] ?? '';
        return unfinished.delete(id) ? { status: 202, headers: pollAt(call, id) } : { status: 200 };
      }),
      route(['GET', 'PUT', 'PATCH', 'POST', 'DELETE'], '/.*', ({ exchange }) =>
        armError(404, 'InvalidResourceType', `The resource type could not be found: ${exchange.path}`),
      ),
    ],
  };
}

/** Every request has to say a version; the subscription is the only one there is. */
function findDefect({ exchange, params, world }: ResourceCall): Answer | undefined {
  if (!exchange.query.get('api-version')) {
    const message = 'The api-version query parameter (?api-version=) is required for all requests.';
    return armError(400, 'MissingApiVersionParameter', message);
  }
  const subscription = params['subscription'];
  if (subscription === undefined || subscription.toLowerCase() === world.configuration.subscriptionId) return undefined;
  return armError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
}

function subscriptionOf({ configuration: { subscriptionId, tenantId } }: World): object {
  const id = `/subscriptions/${subscriptionId}`;
  return { id, subscriptionId, tenantId, displayName: 'Emulator', state: 'Enabled', authorizationSource: 'RoleBased' };
}

function listGroups(groups: ResourceGroup[], call: ResourceCall): Answer {
  const { query, path } = call.exchange;
  const page = pageOf(groups, query.get('$skiptoken'), query.get('$top'), LARGEST_PAGE);
  const value = page.items.map((group) => describe(group, call));
  if (page.next === undefined) return { status: 200, json: { value } };
  const next = new URLSearchParams(query);
  next.set('$skiptoken', page.next);
  return { status: 200, json: { value, nextLink: `${call.origin}${path}?${next.toString()}` } };
}

function describe({ name, location, tags }: ResourceGroup, { world }: ResourceCall): object {
  const id = `/subscriptions/${world.configuration.subscriptionId}/resourceGroups/${name}`;
  const type = 'Microsoft.Resources/resourceGroups';
  return { id, name, type, location, tags, properties: { provisioningState: 'Succeeded' } };
}

function pollAt({ origin, exchange, world }: ResourceCall, id: string): Record<string, string> {
  const version = encodeURIComponent(exchange.query.get('api-version') ?? '');
  const path = `/subscriptions/${world.configuration.subscriptionId}/operationresults/${id}`;
  return { Location: `${origin}${path}?api-version=${version}`, 'Retry-After': '0' };
}

function noGroup({ params }: ResourceCall): Answer {
  return armError(404, 'ResourceGroupNotFound', `Resource group '${params['name'] ?? ''}' could not be found.`);
}

function armError(status: number, code: string, message: string): Answer {
  return { status, json: { error: { code, message } }, failure: `${code}: ${message}` };
}
