import { startEmulator } from 'msal-mi-emulator';
import { acquireToken, call, mintCredential, type Reply } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
const origin = emulator.resources.handshake;
const token = await acquireToken(emulator, credential, origin);

async function ask(path: string, method = 'GET'): Promise<Reply> {
  const url = path.startsWith('https:') ? path : `${origin}${path}`;
  return call(url, { ca: emulator.ca, credential, method, headers: { Authorization: `mtls_pop ${token}` } });
}

const PLACES: [string, () => string][] = [
  ['here', () => origin],
  ['other-resource', () => emulator.resources.vault],
  ['other-host', () => origin.replace('localhost', '127.0.0.1')],
  ['plain-http', () => origin.replace('https', 'http')],
];

it('lists in pages', async () => {
  const seen: unknown[] = [];
  let next: string | undefined = '/azure/pages?pages=3&api-version=1';
  while (next !== undefined) {
    const { json }: Reply = await ask(next);
    seen.push(...(json.value as unknown[]));
    next = json.nextLink as string | undefined;
  }
  expect(seen).toEqual([{ id: 'item-1' }, { id: 'item-2' }, { id: 'item-3' }]);
});

it.each(PLACES)('leads to pages, operations and redirects at: %s', async (to, base) => {
  expect((await ask(`/azure/pages?to=${to}`)).json.nextLink).toContain(`${base()}/azure/pages?`);
  expect((await ask(`/azure/operations?to=${to}`, 'POST')).headers['operation-location']).toContain(
    `${base()}/azure/operations/`,
  );
  const redirected = await ask(`/azure/redirect?to=${to}&status=308`, 'PUT');
  expect([redirected.status, redirected.headers.location]).toEqual([308, `${base()}/azure/redirected`]);
});

it.each(['Operation-Location', 'Azure-AsyncOperation', 'Location'])(
  'runs an operation that is asked for by %s',
  async (by) => {
    const started = await ask(`/azure/operations?polls=2&by=${by}`, 'PUT');
    const at = started.headers[by.toLowerCase()] as string;
    expect(started.status).toBe(202);
    const polls = [(await ask(at)).json, (await ask(at)).json];
    expect(polls.map(({ status }) => status)).toEqual(['Running', 'Succeeded']);
    expect((await ask(polls[1]!.resourceLocation as string)).json).toMatchObject({ method: 'PUT' });
  },
);

it.each(['/azure/pages?pages=0', '/azure/pages?to=mars', '/azure/redirect?status=200'])(
  'says what it takes instead of %s',
  async (path) => {
    const { status, json } = await ask(path);
    expect([status, (json.error as { message: string }).message]).toEqual([
      400,
      expect.stringContaining('to is one of here, other-resource, other-host, plain-http'),
    ]);
  },
);

it('knows no operation that was not started', async () => {
  expect((await ask('/azure/operations/11111111-1111-4111-8111-111111111111')).status).toBe(404);
});
