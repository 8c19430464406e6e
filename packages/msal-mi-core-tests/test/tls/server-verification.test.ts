/** A man in the middle with a certificate of his own, and NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment (D28). */
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { runInThisContext } from 'node:vm';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { BoundTokens } from 'core/azure/bound-tokens.js';
import { createBoundHttpClient } from 'core/azure/http-client.js';
import { fetchOverChannel } from 'core/fetch/channel-fetch.js';
import { createHttpTransport } from 'core/imds/http.js';
import type { MtlsChannel } from 'core/ports.js';
import { createTestPki, openSoftwareChannel, type TestPki } from '../support/test-pki.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const VARIABLE = 'NODE_TLS_REJECT_UNAUTHORIZED';
/** Of the process itself: Node.js does not look at the copy that jest makes. */
const processEnv = runInThisContext('process.env') as Record<string, string | undefined>;

let pki: TestPki;
let middle: Server;
let origin: string;
let channel: MtlsChannel;
const world = await untilTheEnd(World.start());
const readByMiddle: string[] = [];

beforeAll(async () => {
  pki = await createTestPki();
  middle = createServer(pki.untrustedServer, (request, response) => {
    readByMiddle.push(request.url ?? '');
    response.end('forged');
  });
  middle.listen(0, 'localhost');
  await once(middle, 'listening');
  origin = `https://localhost:${(middle.address() as AddressInfo).port}`;
  ({ channel } = await openSoftwareChannel(pki.authority));
  processEnv[VARIABLE] = '0';
}, 60_000);
afterAll(() => {
  Reflect.deleteProperty(processEnv, VARIABLE);
  middle.close();
  middle.closeAllConnections();
});
beforeEach(() => {
  world.renew();
  readByMiddle.length = 0;
});

test('the variable does switch verification off for others', async () => {
  const [response] = (await once(get(`${origin}/others`), 'response')) as [{ statusCode: number; resume(): void }];
  response.resume();
  expect(response.statusCode).toBe(200);
  expect(readByMiddle).toEqual(['/others']);
});

test('rule D28: nothing is sent to him in place of a resource', async () => {
  const answer = fetchOverChannel(channel, `${origin}/secret`, { method: 'POST', body: 'customer data' });
  await expect(answer).rejects.toMatchObject({ cause: { failure: 'untrusted_server' } });
  expect(readByMiddle).toEqual([]);
});

test('rule D28: no token is asked of him in place of the token endpoint', async () => {
  // To an application that trusts another authority, the emulator is a stranger.
  const application = world.application({ system: { ca: pki.authority.pem } });
  await expect(application.acquireToken(softwareRequest())).rejects.toMatchObject({
    errorCode: 'managed_identity_unreachable_network',
    cause: { failure: 'untrusted_server' },
  });
  expect(world.requests().token).toBe(0);
});

test('rule D28: nothing is sent to him in place of an IMDS override over https', async () => {
  const request = { method: 'GET', url: `${origin}/metadata`, headers: {}, timeoutMs: 20_000 } as const;
  await expect(createHttpTransport().send(request)).rejects.toMatchObject({ name: 'TransportError' });
  expect(readByMiddle).toEqual([]);
});

test('rule D28: the transport of the Azure SDK sends him no request without a token either', async () => {
  const application = world.application({ system: { ca: pki.authority.pem } });
  const client = createBoundHttpClient(application, new BoundTokens());
  const request = createPipelineRequest({ url: `${origin}/unbound` });
  await expect(client.sendRequest(request)).rejects.toMatchObject({ name: 'RestError' });
  expect(readByMiddle).toEqual([]);
});

test('an IMDS override over https may have a certificate of the process or of the application', async () => {
  const own = createServer(pki.server, (_request, response) => response.end('{}'));
  own.listen(0, 'localhost');
  await once(own, 'listening');
  const url = `https://localhost:${(own.address() as AddressInfo).port}/metadata`;
  const trusting = createHttpTransport(() => [pki.authority.pem]);
  await expect(trusting.send({ method: 'GET', url, headers: {}, timeoutMs: 20_000 })).resolves.toMatchObject({
    status: 200,
    body: '{}',
  });
  own.close();
});

test('the log warns of the variable once, however many applications write to it', async () => {
  const lines: string[] = [];
  const system = { loggerOptions: { loggerCallback: (_level: unknown, line: string) => void lines.push(line) } };
  for (let n = 0; n < 3; n += 1) {
    const application = world.application({ system }, { [VARIABLE]: '0' });
    await application.acquireToken(softwareRequest());
  }
  expect(lines.filter((line) => line.includes(VARIABLE))).toHaveLength(1);
});
