import { startEmulator } from 'msal-mi-emulator';
import { call, mintCredential, requestToken, type Reply } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const VERSION = 'api-version=2021-04-01';
const emulator = await untilTheEnd(startEmulator());
let token: string;
let subscription: string;

beforeAll(async () => {
  const credential = await mintCredential(emulator);
  const scope = `${emulator.resources.arm}/.default`;
  token = (await requestToken(emulator, credential, { scope, token_type: 'bearer' })).json.access_token as string;
  subscription = `/subscriptions/${emulator.subscriptionId}`;
});
beforeEach(() => emulator.reset());

async function arm(path: string, { method = 'GET', body }: { method?: string; body?: object } = {}): Promise<Reply> {
  const url = path.startsWith('https:') ? path : `${emulator.resources.arm}${path}`;
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return call(url, { ca: emulator.ca, method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
}

const create = async (name: string): Promise<Reply> =>
  arm(`${subscription}/resourcegroups/${name}?${VERSION}`, { method: 'PUT', body: { location: 'westeurope' } });
const codeOf = ({ json }: Reply): unknown => (json.error as { code: string } | undefined)?.code;

it('lists the one subscription, and gets it', async () => {
  const expected = { subscriptionId: emulator.subscriptionId, tenantId: emulator.tenantId, state: 'Enabled' };
  expect((await arm(`/subscriptions?${VERSION}`)).json).toMatchObject({ value: [expected] });
  expect((await arm(`${subscription}?${VERSION}`)).json).toMatchObject(expected);
});

it('creates, changes, gets, checks and forgets resource groups', async () => {
  expect((await create('Orders')).status).toBe(201);
  expect((await create('Orders')).status).toBe(200);
  expect((await arm(`${subscription}/resourceGroups/ORDERS?${VERSION}`)).json).toMatchObject({
    id: `${subscription}/resourceGroups/Orders`,
    name: 'Orders',
    location: 'westeurope',
    properties: { provisioningState: 'Succeeded' },
  });
  const check = { method: 'HEAD' };
  expect((await arm(`${subscription}/resourcegroups/orders?${VERSION}`, check)).status).toBe(204);
  emulator.reset();
  expect((await arm(`${subscription}/resourcegroups/orders?${VERSION}`, check)).status).toBe(404);
});

it('lists resource groups in pages', async () => {
  for (const name of ['a', 'b', 'c']) await create(name);
  const first = (await arm(`${subscription}/resourcegroups?${VERSION}&$top=2`)).json;
  expect(first.value).toMatchObject([{ name: 'a' }, { name: 'b' }]);
  const second = (await arm(first.nextLink as string)).json;
  expect(second).toEqual({ value: [expect.objectContaining({ name: 'c' })] });
});

it('deletes a resource group as a long-running operation', async () => {
  await create('orders');
  const started = await arm(`${subscription}/resourcegroups/orders?${VERSION}`, { method: 'DELETE' });
  expect([started.status, started.headers['retry-after']]).toEqual([202, '0']);
  const statuses = [await arm(started.headers.location!), await arm(started.headers.location!)];
  expect(statuses.map(({ status }) => status)).toEqual([202, 200]);
  expect(codeOf(await arm(`${subscription}/resourcegroups/orders?${VERSION}`))).toBe('ResourceGroupNotFound');
});

it.each<[string, () => Promise<Reply>, number, string]>([
  ['a request without version', () => arm('/subscriptions'), 400, 'MissingApiVersionParameter'],
  [
    'another subscription',
    () => arm(`/subscriptions/11111111-1111-4111-8111-111111111111?${VERSION}`),
    404,
    'SubscriptionNotFound',
  ],
  [
    'a resource group without location',
    () => arm(`${subscription}/resourcegroups/a?${VERSION}`, { method: 'PUT', body: {} }),
    400,
    'LocationRequired',
  ],
  ['what it does not play', () => arm(`/providers?${VERSION}`), 404, 'InvalidResourceType'],
])('refuses %s as Azure does', async (_what, ask, status, code) => {
  const reply = await ask();
  expect([reply.status, codeOf(reply)]).toEqual([status, code]);
});

it('asks no client for a certificate', async () => {
  await arm(`/subscriptions?${VERSION}`);
  expect(emulator.journal.at(-1)).toMatchObject({ leg: 'resource', server: 'arm', status: 200 });
  expect(emulator.journal.at(-1)!.clientCertificateS256).toBeUndefined();
});
