import { startEmulator } from 'msal-mi-emulator';
import { acquireToken, call, mintCredential, type Reply } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const STORAGE = 'https://storage.azure.com';
const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
const token = await acquireToken(emulator, credential, STORAGE);
beforeEach(() => emulator.reset());

async function storage(
  path: string,
  options: { method?: string; body?: string; bearer?: string } = {},
): Promise<Reply> {
  const { bearer = token, ...rest } = options;
  return call(`${emulator.env['EMULATOR_STORAGE_URL']}${path}`, {
    ca: emulator.ca,
    credential,
    headers: { Authorization: `mtls_pop ${bearer}`, 'x-ms-version': '2025-11-05' },
    ...rest,
  });
}
const codeOf = ({ status, headers, text }: Reply): unknown[] => [
  status,
  headers['x-ms-error-code'],
  /<Code>(\w+)<\/Code>/.exec(text)?.[1],
];

it('takes tokens for storage without being told to, at its own paths only', async () => {
  expect((await storage('/things?restype=container', { method: 'PUT' })).status).toBe(201);
  expect((await storage('/things/a', { method: 'PUT', body: 'hello' })).status).toBe(201);
  expect((await storage('/things/a')).text).toBe('hello');
  const elsewhere = await call(`${emulator.resources.handshake}/x`, {
    ca: emulator.ca,
    credential,
    headers: { Authorization: `mtls_pop ${token}` },
  });
  expect(elsewhere.json.reason).toBe('wrong_audience');
});

it('lists its containers', async () => {
  for (const name of ['bbb', 'aaa', '$web']) await storage(`/${name}?restype=container`, { method: 'PUT' });
  const { text } = await storage('/?comp=list');
  expect([...text.matchAll(/<Name>([^<]+)</g)].map(([, name]) => name)).toEqual(['$web', 'aaa', 'bbb']);
});

it.each([
  ['an upper-case name', '/Things?restype=container', 'PUT', 400, 'InvalidResourceName'],
  ['a name of two letters', '/ab?restype=container', 'PUT', 400, 'InvalidResourceName'],
  ['a name with two hyphens in a row', '/a--b?restype=container', 'PUT', 400, 'InvalidResourceName'],
  ['a name with an underscore', '/my_things/blob', 'GET', 400, 'InvalidResourceName'],
  ['a name that is not percent-encoded UTF-8', '/%ff%fe/blob', 'GET', 400, 'InvalidUri'],
  ['a container that is not there', '/things?restype=container', 'GET', 404, 'ContainerNotFound'],
  ['a blob in a container that is not there', '/things/a', 'GET', 404, 'ContainerNotFound'],
] as const)('answers %s with an error of its own', async (_what, path, method, status, code) => {
  expect(codeOf(await storage(path, { method }))).toEqual([status, code, code]);
});

it('challenges in the form that its clients read tenant and resource from', async () => {
  const refused = await storage('/things/a', { bearer: 'x' });
  expect(codeOf(refused)).toEqual([401, 'InvalidAuthenticationInfo', 'InvalidAuthenticationInfo']);
  const { tokenUrl, tenantId } = emulator;
  expect(refused.headers['www-authenticate']).toBe(
    `Bearer authorization_uri=${tokenUrl}/${tenantId}/oauth2/authorize resource_id=${STORAGE}`,
  );
  const anonymous = await call(`${emulator.env['EMULATOR_STORAGE_URL']}/things/a`, { ca: emulator.ca, credential });
  expect(codeOf(anonymous)).toEqual([401, 'NoAuthenticationInformation', 'NoAuthenticationInformation']);
});
