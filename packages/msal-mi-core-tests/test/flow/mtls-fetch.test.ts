import { createMtlsFetch, type MtlsFetchOptions } from 'core/mtls-fetch/mtls-fetch.js';
import type { MtlsPopRequestParams } from 'core/public-types.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { startContractServers, type ContractServers } from '../contract/fetch-contract-server.mjs';
import { boundFetch } from '../support/bound-fetch.js';
import { requestsOf } from '../support/journal.js';
import { createTestPki } from '../support/test-pki.js';
import { World } from '../support/world.js';

let world: World;
let foreign: ContractServers;
let foreignCa: string;

beforeAll(async () => {
  const pki = await createTestPki();
  foreignCa = pki.authority.pem;
  foreign = await startContractServers({ ...pki.server, ca: foreignCa, untrusted: pki.untrustedServer });
  world = await World.start();
}, 60_000);
afterAll(() => Promise.all([foreign.close(), world.close()]));
beforeEach(() => {
  world.emulator.reset();
  world.application().clearCache();
});

const TOKEN_BOUND = { 'x-ms-tokenboundauth': 'true' };

const fetchFor = (name: 'handshake' | 'vault', options: Partial<MtlsFetchOptions> = {}, app = world.application()) =>
  boundFetch(app, world.emulator.resources[name], options);

const handshakeUrl = (path: string) => world.emulator.resources.handshake + path;
const callsOfResource = () => requestsOf(world.emulator, 'resource');

describe('a call with createMtlsFetch', () => {
  test('is accepted by a resource that asks for the certificate in the handshake', async () => {
    const response = await fetchFor('handshake')(handshakeUrl('/things'));

    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      ok: true,
      thumbprint: callsOfResource()[0]?.clientCertificateS256,
      audience: world.emulator.resources.handshake,
    });
  });

  test('O01: is accepted by a resource that asks for the certificate by renegotiation', async () => {
    const response = await fetchFor('vault', { headers: TOKEN_BOUND })(`${world.emulator.resources.vault}/secrets/a`);

    expect(response.status).toBe(200);
    expect(callsOfResource()[0]?.clientCertificateS256).toEqual(expect.any(String));
  });

  test('carries the scheme mtls_pop, whatever authorization the caller set', async () => {
    await fetchFor('handshake')(handshakeUrl('/'), { headers: { authorization: 'Bearer of-the-caller' } });

    expect(callsOfResource()[0]?.headers['authorization']).toMatch(/^mtls_pop eyJ/);
  });

  test('carries the headers of the options, unless the request sets them', async () => {
    const fetch = fetchFor('handshake', { headers: { 'x-a': 'option', 'x-b': 'option' } });
    await fetch(handshakeUrl('/'), { headers: { 'x-b': 'request' } });

    expect(callsOfResource()[0]?.headers).toMatchObject({ 'x-a': 'option', 'x-b': 'request' });
  });

  test('is refused with headers of the options that belong to the connection', async () => {
    const fetch = fetchFor('handshake', { headers: { 'transfer-encoding': 'chunked' } });
    await expect(fetch(handshakeUrl('/'))).rejects.toThrow('transfer-encoding');
    expect(callsOfResource()).toHaveLength(0);
  });

  test('sends Request objects, bodies and methods like fetch', async () => {
    const fetch = fetchFor('handshake');
    const request = new Request(handshakeUrl('/things'), { method: 'PUT', body: 'of the request' });

    expect(await (await fetch(request)).json()).toMatchObject({ method: 'PUT', body: 'of the request' });
    const form = new FormData();
    form.append('a', 'b');
    const sent = (await (await fetch(handshakeUrl('/'), { method: 'POST', body: form })).json()) as { body: string };
    expect(sent.body).toContain('name="a"\r\n\r\nb');
  });

  test('sends the bytes that were passed, whatever becomes of their buffer after the call', async () => {
    const fetch = fetchFor('handshake');
    for (const body of [Buffer.from('as it was'), new Uint8Array(Buffer.from('as it was')).buffer]) {
      const call = fetch(handshakeUrl('/'), { method: 'POST', body });
      new Uint8Array(body instanceof Buffer ? body.buffer : body).fill(0);
      expect(await (await call).json()).toMatchObject({ body: 'as it was' });
    }
  });

  test('takes members that init inherits, in the first call as in the others, and asks for each of them once', async () => {
    let answers = 0;
    class Init {
      readonly #method = 'PUT';
      get method() {
        answers += 1;
        return answers % 2 === 1 ? this.#method : 'DELETE';
      }
      readonly body = Buffer.from('as it was');
      readonly headers = { 'x-a': 'b' };
    }
    const fetch = fetchFor('handshake');
    for (let calls = 1; calls <= 2; calls += 1) {
      answers = 0;
      expect((await fetch(handshakeUrl('/'), new Init())).status).toBe(200);
      expect(answers).toBe(1);
      expect(callsOfResource().at(-1)).toMatchObject({ method: 'PUT', body: 'as it was', headers: { 'x-a': 'b' } });
    }
  });

  test('does not see what becomes of the URL and the headers after the call', async () => {
    const fetch = fetchFor('handshake');
    for (let calls = 1; calls <= 2; calls += 1) {
      const url = new URL(handshakeUrl('/as-it-was'));
      const headers: Record<string, string> = { 'x-a': 'as it was' };
      const answering = fetch(url, { headers });
      url.pathname = '/changed';
      headers['x-a'] = 'changed';
      expect((await answering).status).toBe(200);
      expect(callsOfResource().at(-1)).toMatchObject({ headers: { 'x-a': 'as it was' } });
      expect(callsOfResource().at(-1)?.url).toContain('/as-it-was');
    }
  });

  const thrower = () => {
    throw new RangeError('theirs');
  };
  test.each<[string, object | undefined, unknown?]>([
    ['a getter that throws', Object.defineProperty({}, 'method', { get: thrower })],
    ['a proxy that throws', new Proxy({}, { get: thrower })],
    ['headers that throw', { headers: new Proxy({}, { ownKeys: thrower, get: thrower }) }],
    ['a body that is not text', { method: 'POST', body: { toString: thrower } }],
    ['an address that is not text', undefined, { toString: thrower }],
    ['an address with members that throw', undefined, new Proxy({}, { get: thrower })],
  ])('is a TypeError with %s, in the first call and in the others', async (_what, init, url = handshakeUrl('/')) => {
    const fetch = fetchFor('handshake');
    for (let calls = 1; calls <= 2; calls += 1) {
      const error: unknown = await fetch(url as string, init as RequestInit).catch((e: unknown) => e);
      expect(error).toMatchObject({ name: 'TypeError', message: expect.not.stringContaining('theirs') as string });
      await fetch(handshakeUrl('/'));
    }
  });

  test('asks for one token only, however many requests follow', async () => {
    const fetch = fetchFor('handshake');
    await Promise.all(Array.from({ length: 10 }, async () => (await fetch(handshakeUrl('/'))).text()));

    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 1 });
  });

  test('fails as acquireToken does when there is no token', async () => {
    world.emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]);

    await expect(fetchFor('handshake')(handshakeUrl('/'))).rejects.toMatchObject({
      errorCode: 'unauthorized_client',
      stage: 'token',
    });
    expect(callsOfResource()).toHaveLength(0);
  });

  test('fails with the reason of an aborted signal before a token is asked for', async () => {
    const reason = new Error('changed my mind');
    await expect(fetchFor('handshake')(handshakeUrl('/'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(world.emulator.journal).toHaveLength(0);
  });
});

describe('the token stays with its hosts', () => {
  test('a host outside the list gets nothing, and no token is acquired', async () => {
    const fetch = fetchFor('handshake', {}, world.application({ system: { ca: [world.emulator.ca, foreignCa] } }));

    await expect(fetch(`${foreign.origin}/status/200`)).rejects.toMatchObject({
      errorCode: 'host_not_allowed',
      stage: 'resource',
      message: expect.stringContaining(new URL(foreign.origin).host) as string,
    });
    expect(world.emulator.journal).toHaveLength(0);
  });

  test('a redirect to another origin fails and nothing is sent there', async () => {
    // It also trusts the other server, so that only the redirect rule keeps the token from there.
    const app = world.application({ system: { ca: [world.emulator.ca, foreignCa] } });
    world.emulator.fault('resource', [
      { status: 307, headers: { location: `${foreign.otherOrigin}/status/200?stolen` } },
    ]);
    const fetch = fetchFor('handshake', { allowedHosts: [/localhost/] }, app);

    await expect(fetch(handshakeUrl('/'))).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ERR_REDIRECT_CROSS_ORIGIN' },
    });
    expect(callsOfResource()).toHaveLength(1);
  });

  test('a redirect within the origin is followed with the token', async () => {
    world.emulator.fault('resource', [{ status: 302, headers: { location: '/moved' } }]);
    const response = await fetchFor('handshake')(handshakeUrl('/'));

    expect(await response.json()).toMatchObject({ ok: true, path: '/moved' });
    expect(response.redirected).toBe(true);
  });

  test('graph.microsoft.com is refused with the name of the host that takes bound tokens', async () => {
    const fetch = createMtlsFetch(world.application(), { resource: 'https://graph.microsoft.com' });

    await expect(fetch('https://graph.microsoft.com/v1.0/me')).rejects.toMatchObject({
      errorCode: 'host_not_allowed',
      remediation: expect.stringContaining('https://mtlstb.graph.microsoft.com') as string,
    });
    expect(world.emulator.journal).toHaveLength(0);
  });

  test('http is refused before a token is acquired', async () => {
    await expect(fetchFor('handshake')(handshakeUrl('/').replace('https', 'http'))).rejects.toThrow(/https/);
    expect(world.emulator.journal).toHaveLength(0);
  });
});

describe('a claims challenge', () => {
  test('rule D30: is answered once, with a token that has the claims', async () => {
    const response = await fetchFor('handshake')(handshakeUrl('/claims-challenge'));

    expect(response.status).toBe(200);
    expect(callsOfResource().map(({ status }) => status)).toEqual([401, 200]);
    expect(world.requests()).toMatchObject({ issuecredential: 1, token: 2 });
  });

  test('N19: is answered over the certificate that the new token is bound to', async () => {
    const app = world.application();
    const fetch = fetchFor('handshake', {}, app);
    await (await fetch(handshakeUrl('/'))).text();
    world.emulator.fault('token', [{ oauthError: { error: 'invalid_client' } }]);

    const response = await fetch(handshakeUrl('/claims-challenge'));
    expect(response.status).toBe(200);
    const [, challenged, answered] = callsOfResource();
    expect(challenged?.status).toBe(401);
    expect(answered?.status).toBe(200);
    expect(answered?.clientCertificateS256).not.toBe(challenged?.clientCertificateS256);
  });

  test('is not answered a second time', async () => {
    const challenge = (await fetchFor('handshake')(handshakeUrl('/claims-challenge?claim=other&value=1'))).headers.get(
      'www-authenticate',
    );
    world.emulator.reset();
    const header = `Bearer error="insufficient_claims", claims="${Buffer.from('{"access_token":{}}').toString('base64')}"`;
    const fault = { status: 401, headers: { 'www-authenticate': header }, body: 'refused' };
    world.emulator.fault('resource', [fault, fault, fault]);

    const response = await fetchFor('handshake')(handshakeUrl('/'));
    expect(challenge).toBeNull();
    expect(response.status).toBe(401);
    expect(await response.text()).toBe('refused');
    expect(callsOfResource()).toHaveLength(2);
  });

  test('is left to the caller when the application has no other token', async () => {
    const result = await world.application().acquireToken({
      resource: world.emulator.resources.handshake,
      mtlsProofOfPossession: true,
      minStrength: MtlsBindingStrength.Software,
    });
    const asked: unknown[] = [];
    const application = {
      acquireToken: (request: MtlsPopRequestParams) => {
        asked.push(request.claims);
        return Promise.resolve(result);
      },
    };
    const { handshake } = world.emulator.resources;
    const response = await createMtlsFetch(application, { resource: handshake })(handshakeUrl('/claims-challenge'));

    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ ok: false });
    expect(asked).toEqual([undefined, expect.stringContaining('acrs')]);
    expect(callsOfResource()).toHaveLength(1);
  });

  test('sends bytes again, and gives the 401 to the sender of a stream, whose next call succeeds', async () => {
    const fetch = fetchFor('handshake');
    const path = '/claims-challenge?claim=acrs&value=c2';
    const bytes = await fetch(handshakeUrl('/claims-challenge'), { method: 'POST', body: 'bytes' });
    expect(await bytes.json()).toMatchObject({ ok: true });

    const streamed = () => new Blob(['streamed']).stream();
    const first = await fetch(handshakeUrl(path), { method: 'POST', body: streamed(), duplex: 'half' });
    expect(first.status).toBe(401);
    const second = await fetch(handshakeUrl(path), { method: 'POST', body: streamed(), duplex: 'half' });
    expect(second.status).toBe(200);
  });

  test('a 401 without one is the answer', async () => {
    world.emulator.fault('resource', [
      { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } },
    ]);
    expect((await fetchFor('handshake')(handshakeUrl('/'))).status).toBe(401);
    expect(world.requests().token).toBe(1);
  });

  test('its text appears in no error', async () => {
    const claims = Buffer.from('{"access_token":{"very-secret":{"essential":true}}}').toString('base64');
    const header = `Bearer error="insufficient_claims", claims="${claims}"`;
    world.emulator.fault('resource', [{ status: 401, headers: { 'www-authenticate': header } }]);
    const fetch = fetchFor('handshake');
    await (await fetch(handshakeUrl('/'), { method: 'HEAD' })).text();
    world.emulator.fault('resource', [{ status: 401, headers: { 'www-authenticate': header } }]);
    world.emulator.fault('token', [{ oauthError: { error: 'invalid_grant', error_description: 'very-secret' } }]);

    const error = await fetch(handshakeUrl('/')).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(error).toMatchObject({ errorCode: 'invalid_grant' });
    expect(`${String(error)} ${error?.stack ?? ''}`).not.toContain('very-secret');
  });
});

describe('options that are refused before any I/O', () => {
  const refusal = (options: object): unknown => {
    try {
      return createMtlsFetch(world.application(), { resource: 'https://vault.azure.net', ...options });
    } catch (error) {
      return error;
    }
  };

  test.each([
    ['an unknown one', { audience: 'x' }, /audience/],
    ['withAttestationSupport that is not a boolean', { withAttestationSupport: 'yes' }, /withAttestationSupport/],
    ['minStrength that is not a number', { minStrength: 'KeyGuard' }, /minStrength/],
    ['allowedHosts that is empty', { allowedHosts: [] }, /allowedHosts/],
    ['allowedHosts that is a URL', { allowedHosts: ['https://vault.azure.net'] }, /allowedHosts/],
    ['allowedHosts that is not a list', { allowedHosts: 'vault.azure.net' }, /allowedHosts/],
    ['headers with Authorization', { headers: { Authorization: 'x' } }, /Authorization/],
    ['headers that are invalid', { headers: { 'x y': 'z' } }, /headers/],
    ['a resource without host and without allowedHosts', { resource: 'api://thing' }, /allowedHosts/],
  ])('%s', (_name, options, message) => {
    expect(refusal(options)).toMatchObject({ errorCode: 'invalid_request' });
    expect(String(refusal(options))).toMatch(message);
  });

  test('no resource', () => {
    expect(refusal({ resource: ' ' })).toMatchObject({ errorCode: 'invalid_resource' });
    // @ts-expect-error JavaScript callers may forget it
    expect(() => createMtlsFetch(world.application())).toThrow(/needs an object/);
  });
});
