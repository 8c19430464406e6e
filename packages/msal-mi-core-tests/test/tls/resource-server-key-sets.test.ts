/** Keys of issuers whose endpoint fails, hangs or changes (D36). The clock is moved, nothing waits. */
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { RequireMtlsPopOptions } from 'core/resource-server/index.js';
import { ResourceServers } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const servers = await untilTheEnd(ResourceServers.start());
let good: string;
/** A key that the issuer does not publish at first, and a token that it signs. */
let otherKey: JWK;
let otherToken: string;

beforeAll(async () => {
  good = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256)}`;
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  otherKey = { ...(await exportJWK(publicKey)), kid: 'key-2', alg: 'RS256', use: 'sig' };
  otherToken = `mtls_pop ${await servers.issuer.sign(servers.client.x5tS256, {}, { kid: 'key-2' }, privateKey)}`;
});

const realClocks = { wall: Date.now, monotonic: performance.now.bind(performance) };
let now: number;
beforeEach(() => {
  now = realClocks.wall();
  Date.now = () => now;
});
afterEach(() => {
  Date.now = realClocks.wall;
  performance.now = realClocks.monotonic;
});

const sendKeys =
  (...keys: JWK[]) =>
  (response: ServerResponse) =>
    void response.end(JSON.stringify({ keys }));
const refuse = (response: ServerResponse) => void response.writeHead(503).end();

/** An endpoint whose answers are changed by the test. */
class Endpoint {
  fetched = 0;
  answer: (response: ServerResponse) => void = sendKeys(servers.issuer.publicJwk);
  #asked: () => void = () => undefined;

  static async start(): Promise<
    Endpoint & { verify: (authorization?: string, options?: Partial<RequireMtlsPopOptions>) => Promise<string> }
  > {
    const endpoint = new Endpoint();
    const jwks = await servers.keySetAnswering((response) => {
      endpoint.fetched += 1;
      endpoint.answer(response);
      endpoint.#asked();
    });
    const verify = (authorization = good, options: Partial<RequireMtlsPopOptions> = {}) =>
      servers.verify(authorization, { jwks, ...options }).then(
        () => 'served',
        (error: unknown) => {
          const { reason, errorCode } = error as { reason?: string; errorCode: string };
          return reason ?? errorCode;
        },
      );
    return Object.assign(endpoint, { verify });
  }

  /** The next request for the keys has arrived and was answered. */
  asked(): Promise<void> {
    return new Promise((resolve) => (this.#asked = resolve));
  }
}

test.each([
  ['answers 503', refuse],
  ['never answers', () => undefined],
  ['closes the connection', (response: ServerResponse) => void response.destroy()],
  ['answers without JSON', (response: ServerResponse) => void response.end('<html>')],
  ['answers with something else', (response: ServerResponse) => void response.end('{"keys":1}')],
  ['answers with no keys', (response: ServerResponse) => void response.end('{"keys":[]}')],
  ['answers with keys that are not keys', (response: ServerResponse) => void response.end('{"keys":[1]}')],
  ['redirects', (response: ServerResponse) => void response.writeHead(302, { location: '/other' }).end()],
  ['answers with more than 1 MiB', (response: ServerResponse) => void response.end(`"${'x'.repeat(2 << 20)}"`)],
])('known keys serve on for 24 hours while the endpoint %s', async (_name, fault) => {
  const endpoint = await Endpoint.start();
  expect(await endpoint.verify()).toBe('served');
  endpoint.answer = fault;
  const fetchedAt = now;
  for (const ageMs of [11 * MINUTE_MS, HOUR_MS, 12 * HOUR_MS, 23 * HOUR_MS]) {
    now = fetchedAt + ageMs;
    const asked = endpoint.asked();
    expect(await endpoint.verify()).toBe('served');
    await asked;
  }
});

test('a byte order mark before the keys is skipped', async () => {
  const endpoint = await Endpoint.start();
  const keys = JSON.stringify({ keys: [servers.issuer.publicJwk] });
  endpoint.answer = (response) => void response.end(`\ufeff${keys}`);
  expect(await endpoint.verify()).toBe('served');
});

test('keys that could not be renewed for 24 hours are not used, and come back with the endpoint', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  endpoint.answer = refuse;
  now += 24 * HOUR_MS - 1;
  const asked = endpoint.asked();
  expect(await endpoint.verify()).toBe('served');
  await asked;
  now += 1;
  expect(await endpoint.verify()).toBe('key_set_unavailable');
  endpoint.answer = sendKeys(servers.issuer.publicJwk);
  now += MINUTE_MS;
  expect(await endpoint.verify()).toBe('served');
});

test('how long known keys serve on is an option', async () => {
  const endpoint = await Endpoint.start();
  const { verify } = endpoint;
  await verify(good, { maxKeySetAgeSeconds: 3600 });
  endpoint.answer = refuse;
  now += HOUR_MS - 1;
  expect(await verify(good, { maxKeySetAgeSeconds: 3600 })).toBe('served');
  now += 1;
  expect(await verify(good, { maxKeySetAgeSeconds: 3600 })).toBe('key_set_unavailable');
  expect(await verify(good, { maxKeySetAgeSeconds: 7200 })).toBe('served');
});

test('an endpoint that fails is asked once in 30 seconds, by known and unknown keys together', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  endpoint.answer = refuse;
  now += HOUR_MS;
  for (let pause = 1; pause <= 3; pause += 1) {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => endpoint.verify(n % 2 ? good : otherToken)));
    expect(new Set(answers)).toEqual(new Set(['served', 'key_set_unavailable']));
    now += 30_000 - 1;
    await endpoint.verify(otherToken);
    expect(endpoint.fetched).toBe(1 + pause);
    now += 1;
  }
});

test('an endpoint that never worked is asked once in 30 seconds', async () => {
  const endpoint = await Endpoint.start();
  endpoint.answer = refuse;
  for (let n = 0; n < 20; n += 1) expect(await endpoint.verify()).toBe('key_set_unavailable');
  expect(endpoint.fetched).toBe(1);
  endpoint.answer = sendKeys(servers.issuer.publicJwk);
  now += 30_000;
  expect(await endpoint.verify()).toBe('served');
});

test('tokens that name keys nobody has published cause one request in 30 seconds', async () => {
  const endpoint = await Endpoint.start();
  for (let n = 0; n < 20; n += 1) expect(await endpoint.verify(otherToken)).toBe('unknown_key');
  expect(endpoint.fetched).toBe(1);
  now += 30_000;
  for (let n = 0; n < 20; n += 1) expect(await endpoint.verify(otherToken)).toBe('unknown_key');
  expect(endpoint.fetched).toBe(2);
});

test('a key that was published since is found', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  endpoint.answer = sendKeys(servers.issuer.publicJwk, otherKey);
  now += 30_000;
  expect(await endpoint.verify(otherToken)).toBe('served');
});

test('a key that was withdrawn is refused after the renewal', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  endpoint.answer = sendKeys(otherKey);
  now += 10 * MINUTE_MS;
  const asked = endpoint.asked();
  await endpoint.verify();
  await asked;
  expect(await endpoint.verify(otherToken)).toBe('served');
  expect(await endpoint.verify()).toBe('unknown_key');
});

test('while the endpoint hangs, a key that is not known waits and one that is known does not', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  const held: ServerResponse[] = [];
  endpoint.answer = (response) => void held.push(response);
  now += HOUR_MS;
  const asked = endpoint.asked();
  const settled: string[] = [];
  const waiting = endpoint.verify(otherToken).then((answer) => settled.push(answer));
  await asked;
  expect(await endpoint.verify()).toBe('served');
  expect(settled).toEqual([]);
  for (const response of held) sendKeys(otherKey)(response);
  await waiting;
  expect(settled).toEqual(['served']);
  expect(held).toHaveLength(1);
});

test('an endpoint that never answers is given up after five seconds', async () => {
  const endpoint = await Endpoint.start();
  endpoint.answer = () => undefined;
  const patience = new AbortController();
  const limits: number[] = [];
  const startTimeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (limitMs) => {
    limits.push(limitMs);
    return patience.signal;
  };
  const asked = endpoint.asked();
  const verifying = endpoint.verify();
  await asked;
  AbortSignal.timeout = startTimeout;
  patience.abort();
  expect(await verifying).toBe('key_set_unavailable');
  expect(limits).toEqual([5_000]);
});

test('a clock that is set back stops no renewal', async () => {
  const endpoint = await Endpoint.start();
  await endpoint.verify();
  now -= 48 * HOUR_MS;
  const monotonicMs = performance.now();
  performance.now = () => monotonicMs + 11 * MINUTE_MS;
  const asked = endpoint.asked();
  expect(await endpoint.verify()).toBe('served');
  await asked;
  expect(endpoint.fetched).toBe(2);
});

test('the error names the endpoint and what failed, and says when to come back', async () => {
  const endpoint = await Endpoint.start();
  endpoint.answer = refuse;
  const jwks = await servers.keySetAnswering(refuse);
  await expect(servers.verify(good, { jwks })).rejects.toMatchObject({
    errorCode: 'key_set_unavailable',
    httpStatus: 503,
    statusCode: 503,
    retryable: true,
    errorMessage: `The key set at ${jwks.host} could not be fetched (HTTP 503).`,
    headers: { 'Retry-After': '30' },
  });
});

test('a key set on a server that does not verify is not used', async () => {
  const { untrustedServer } = servers.pki;
  const impostor = createServer(untrustedServer, (_request, response) => sendKeys(otherKey)(response));
  const jwks = new URL(`https://localhost:${await servers.listen(impostor)}/keys`);
  await expect(servers.verify(otherToken, { jwks })).rejects.toMatchObject({
    errorCode: 'key_set_unavailable',
    errorMessage: expect.stringMatching(/UNABLE_TO_VERIFY|SELF_SIGNED/) as string,
  });
});
