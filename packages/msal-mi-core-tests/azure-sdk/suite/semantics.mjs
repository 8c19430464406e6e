import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, mock, test } from 'node:test';
import { createPipelineRequest } from '@azure/core-rest-pipeline';
import { withMtlsPop } from 'msal-mi-core/azure';
import { claimsOf, CLOSE, failure, REFUSED, VAULT_OPTIONS } from './world.mjs';

const CLAIMS = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c5' } } });
const ENCODED_CLAIMS = Buffer.from(CLAIMS).toString('base64');

/** What a server or a link could ask of the transport, and what the SDK expects of one. */
export function describeSemantics(world) {
  const tokenFor = async () => (await world.credential.getToken(world.scopeOfResource())).token;
  const things = () => `${world.emulator.resources.handshake}/things`;
  const sendRequest = (token, options = {}) => {
    const request = createPipelineRequest({ url: things(), ...options });
    request.headers.set('Authorization', `Bearer ${token}`);
    for (const [name, value] of Object.entries(options.extraHeaders ?? {})) request.headers.set(name, value);
    return world.credential.httpClient.sendRequest(request);
  };
  const challenged = (challenge) => ({ status: 401, headers: { 'WWW-Authenticate': challenge } });
  const acrsSent = async () =>
    (await world.callsOfResource()).map(({ headers }) => claimsOf(headers.authorization).acrs?.[0]);

  describe('a claims challenge', () => {
    for (const [where, challenge] of [
      ['under Bearer', `Bearer realm="", error="insufficient_claims", claims="${ENCODED_CLAIMS}"`],
      ['under PoP', `PoP error="insufficient_claims", claims="${ENCODED_CLAIMS}"`],
      ['under mtls_pop', `mtls_pop error="insufficient_claims", claims="${ENCODED_CLAIMS}"`],
      [
        'behind other challenges',
        `Basic realm="a, b", Bearer authorization_uri="https://x", mtls_pop error="insufficient_claims", claims="${ENCODED_CLAIMS}"`,
      ],
    ]) {
      test(`${where} is answered, and what stood for the token stands for its successor`, async () => {
        const token = await tokenFor();
        await world.emulator.fault('resource', [challenged(challenge)]);
        assert.equal((await sendRequest(token, { method: 'POST', body: '{}' })).status, 200);
        assert.equal((await sendRequest(token)).status, 200);
        assert.deepEqual(await acrsSent(), [undefined, 'c5', 'c5']);
        assert.deepEqual(claimsOf((await world.callsOfResource()).at(-1).headers.authorization).xms_cc, ['cp1']);
      });
    }

    test('is the answer when it comes again', async () => {
      const token = await tokenFor();
      const challenge = challenged(`Bearer error="insufficient_claims", claims="${ENCODED_CLAIMS}"`);
      await world.emulator.fault('resource', [challenge, challenge, challenge]);
      assert.equal((await sendRequest(token)).status, 401);
      assert.equal((await world.callsOfResource()).length, 2);
    });

    test('to a request whose body is a stream is answered with the next request', async () => {
      const token = await tokenFor();
      const body = Readable.from([Buffer.from('once')]);
      const extraHeaders = { 'x-emulator-require-claim': 'acrs=c5' };
      assert.equal((await sendRequest(token, { method: 'PUT', body, extraHeaders })).status, 401);
      assert.match((await failure(sendRequest(token, { method: 'PUT', body }))).message, /stream that was read before/);
      assert.equal((await sendRequest(token, { method: 'PUT', body: () => Readable.from(['again']) })).status, 200);
      assert.deepEqual(await acrsSent(), [undefined, 'c5']);
    });
  });

  describe('hosts', () => {
    test('that are not of the resource get no token, by whatever link they are reached', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      const nextLink = 'https://contoso.vault.example/secrets?page=2';
      await world.emulator.fault('resource', [{ status: 200, body: { value: [], nextLink } }]);
      const error = await failure(client.listPropertiesOfSecrets().next());
      // Some releases of the client compare the host with that of their challenge, before this library is asked.
      assert.match(error.errorCode ?? error.message, /^host_not_allowed$|^The challenge origin/, error.stack);
      assert.match(error.message, /contoso\.vault\.example/);
    });

    test('are those of createMtlsFetch when there is no list, and Microsoft Graph has a better one', async () => {
      const { ca } = world.emulator;
      world.credential = world.newCredential({ allowedHosts: undefined, system: { ca } });
      const send = async (scope, url) =>
        failure(world.send(`Bearer ${(await world.credential.getToken(scope)).token}`, url));
      const vault = 'https://vault.azure.net/.default';
      for (const url of ['https://vault.azure.net.example/', 'https://contoso.vault.azure.cn/', things()]) {
        assert.equal((await send(vault, url)).errorCode, 'host_not_allowed');
      }
      const graph = await send('https://graph.microsoft.com/.default', 'https://graph.microsoft.com/v1.0/me');
      assert.equal(graph.errorCode, 'host_not_allowed');
      assert.match(graph.remediation, /mtlstb\.graph\.microsoft\.com/);
      assert.deepEqual(await world.callsOfResource(), []);
    });
  });

  describe('as with the transport of the SDK', () => {
    test('headers that frame a body do not get in the way, and no content type is invented', async () => {
      const token = await tokenFor();
      for (const body of ['{"a":1}', Buffer.from('{"a":1}'), new Blob(['{"a":1}'], { type: 'text/x' })]) {
        const extraHeaders = { Expect: '100-continue', 'Transfer-Encoding': 'chunked', 'Keep-Alive': 'timeout=5' };
        const { status } = await sendRequest(token, { method: 'PUT', body, extraHeaders });
        assert.equal(status, 200);
        const { headers, body: received } = (await world.callsOfResource()).at(-1);
        assert.equal(received, '{"a":1}');
        assert.equal(headers['content-type'], undefined);
        assert.equal(headers.expect, undefined);
      }
    });

    test('a time limit ends with the headers of an answer that is streamed', async () => {
      const token = await tokenFor();
      mock.timers.enable({ apis: ['setTimeout'] });
      try {
        const streamResponseStatusCodes = new Set([200]);
        const { readableStreamBody } = await sendRequest(token, { timeout: 1000, streamResponseStatusCodes });
        mock.timers.tick(5000);
        assert.match(await text(readableStreamBody), /"ok":true/);
      } finally {
        mock.timers.reset();
      }
    });

    test('an abort ends an answer that is being streamed, as an AbortError', async () => {
      const token = await tokenFor();
      const controller = new AbortController();
      const { readableStreamBody } = await sendRequest(token, {
        abortSignal: controller.signal,
        streamResponseStatusCodes: new Set([200]),
      });
      controller.abort();
      assert.equal((await failure(text(readableStreamBody))).name, 'AbortError');
    });

    test('errors know their request, and repeat no header', async () => {
      const token = await tokenFor();
      const error = await failure(sendRequest(token, { extraHeaders: { 'x-secret': 'topsecret\u0000' } }));
      assert.equal(error.name, 'RestError');
      assert.equal(error.request.url, things());
      assert.ok(!`${error.message}${error.stack}`.includes('topsecret'));
    });

    test('a client that wants no kept connections gets none', async () => {
      assert.equal((await sendRequest(await tokenFor(), { disableKeepAlive: true })).status, 200);
      assert.equal((await world.callsOfResource()).at(-1).headers.connection, 'close');
    });
  });

  test('a second revocation within the life of a token heals as the first one did', async (t) => {
    const token = await tokenFor();
    await world.emulator.fault('resource', [CLOSE]);
    await sendRequest(token);
    const issuedBefore = await world.countIssuedCertificates();
    const elapsedMs = performance.now.bind(performance);
    t.after(() => Reflect.deleteProperty(performance, 'now'));
    for (let revocation = 1; revocation <= 2; revocation += 1) {
      // A certificate that is itself a replacement of the last ten minutes is not replaced for a lost connection (D22).
      performance.now = () => elapsedMs() + revocation * 11 * 60_000;
      await world.emulator.fault('resource', [REFUSED]);
      assert.equal((await failure(sendRequest(token))).code, 'ECONNRESET');
      await world.emulator.fault('resource', [CLOSE]);
      assert.equal((await sendRequest(token)).status, 200);
      assert.equal((await world.countIssuedCertificates()) - issuedBefore, revocation);
    }
  });

  test('a certificate that is refused after a challenge was answered is replaced', async () => {
    const token = await tokenFor();
    await world.emulator.fault('resource', [
      challenged(`mtls_pop error="insufficient_claims", claims="${ENCODED_CLAIMS}"`),
      CLOSE,
    ]);
    assert.equal((await sendRequest(token)).status, 200);
    const issuedBefore = await world.countIssuedCertificates();
    await world.emulator.fault('resource', [REFUSED]);
    assert.equal((await failure(sendRequest(token))).code, 'ECONNRESET');
    assert.equal((await sendRequest(token)).status, 200);
    assert.equal((await world.countIssuedCertificates()) - issuedBefore, 1);
  });

  test('options that another transport would read are refused', async () => {
    const token = await tokenFor();
    for (const option of [
      { tlsSettings: { ca: world.emulator.ca } },
      { agent: {} },
      { proxySettings: { host: 'http://127.0.0.1', port: 9 } },
      { requestOverrides: { rejectUnauthorized: false } },
    ]) {
      const request = Object.assign(createPipelineRequest({ url: things() }), option);
      request.headers.set('Authorization', `Bearer ${token}`);
      const error = await failure(world.credential.httpClient.sendRequest(request));
      assert.equal(error.errorCode, 'invalid_configuration');
    }
    assert.deepEqual(await world.callsOfResource(), []);
    assert.ok(withMtlsPop(world.credential, VAULT_OPTIONS).httpClient);
  });
}
