import { startEmulator, type Fault, type FaultLeg } from 'msal-mi-emulator';
import { imds, mintCredential, requestToken } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const IMDS: FaultLeg[] = ['getplatformmetadata', 'issuecredential', 'imds-token', 'compute'];
const VAULT = 'https://vault.azure.net';
const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
beforeEach(() => emulator.reset());

const statusOf = async (path: string): Promise<number | string> =>
  imds(emulator, path).then(
    ({ status }) => status,
    () => 'lost',
  );
const tokenFor = async (audience: string) => requestToken(emulator, credential, { scope: `${audience}/.default` });

it.each<[Fault, number | string]>([
  [{ status: 429 }, 429],
  [{ status: 503 }, 503],
  [{ reset: 'handshake' }, 'lost'],
  [{ reset: 'before-response', resetBy: 'rst' }, 'lost'],
])('meets every request of its legs until it is ended: %j', async (fault, expected) => {
  const outage = emulator.outage(IMDS, fault);
  for (let ask = 0; ask < 3; ask++) expect(await statusOf(METADATA)).toBe(expected);
  expect(await statusOf('instance/compute?api-version=2021-02-01')).toBe(expected);
  expect(outage.met).toBe(4);
  expect((await requestToken(emulator, credential)).status).toBe(200);
  outage.end();
  outage.end();
  expect(await statusOf(METADATA)).toBe(200);
  expect(outage.met).toBe(4);
});

it('ends by itself after as many requests as it was told', async () => {
  const outage = emulator.outage('getplatformmetadata', { status: 500 }, { requests: 2 });
  expect([await statusOf(METADATA), await statusOf(METADATA), await statusOf(METADATA)]).toEqual([500, 500, 200]);
  expect(outage.met).toBe(2);
});

it('comes after what is scripted for single requests', async () => {
  emulator.outage('getplatformmetadata', { status: 503 });
  emulator.fault('getplatformmetadata', [{ status: 410 }]);
  expect([await statusOf(METADATA), await statusOf(METADATA)]).toEqual([410, 503]);
});

it('loses a request that a lost handshake was meant for, when another audience’s fault stood before it', async () => {
  emulator.fault('token', [{ status: 500, audience: VAULT }]);
  const outage = emulator.outage('token', { reset: 'handshake' });
  await expect(tokenFor('https://graph.microsoft.com')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(outage.met).toBe(1);
});

it('ends with reset', async () => {
  emulator.outage('getplatformmetadata', { status: 503 });
  emulator.reset();
  expect(await statusOf(METADATA)).toBe(200);
});

it('refuses one audience for as long as it lasts, and no other', async () => {
  emulator.outage('token', { oauthError: { error: 'invalid_client' }, audience: `${VAULT}/` });
  const statuses: number[] = [];
  for (const audience of [VAULT, 'https://graph.microsoft.com', VAULT, `${VAULT}/`]) {
    statuses.push((await tokenFor(audience)).status);
  }
  expect(statuses).toEqual([401, 200, 401, 401]);
});

it('keeps a fault of one audience for the request that it is meant for', async () => {
  emulator.fault('token', [{ status: 500, audience: VAULT }, { status: 503 }]);
  const other = 'https://graph.microsoft.com';
  const statuses = [await tokenFor(other), await tokenFor(other), await tokenFor(VAULT), await tokenFor(VAULT)];
  expect(statuses.map(({ status }) => status)).toEqual([503, 200, 500, 200]);
});

it('meets the audience of an unbound token too', async () => {
  emulator.outage('imds-token', { refusal: 'too-many-requests', audience: VAULT });
  const path = 'identity/oauth2/token?api-version=2018-02-01&resource=';
  expect([await statusOf(`${path}${VAULT}`), await statusOf(`${path}https://other`)]).toEqual([429, 200]);
});

it.each<[string, unknown, unknown, unknown]>([
  ['an unknown leg', 'imds', { status: 500 }, {}],
  ['no leg', [], { status: 500 }, {}],
  ['an empty fault', 'token', {}, {}],
  ['a fault that one of its legs cannot have', ['token', 'attest'], { reset: 'after-handshake' }, {}],
  ['no requests', 'token', { status: 500 }, { requests: 0 }],
])('refuses %s with a TypeError', async (_what, legs, fault, options) => {
  expect(() => emulator.outage(legs as FaultLeg, fault as Fault, options as object)).toThrow(TypeError);
  expect((await requestToken(emulator, credential)).status).toBe(200);
});
