import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf, CLOSE, failure, REFUSED } from './world.mjs';

export function describeTransport(world) {
  describe('the transport', () => {
    const tokenFor = async () => (await world.credential.getToken(world.scopeOfResource())).token;

    test('sends each token over the certificate it is bound to, also an older one', async () => {
      const older = await tokenFor();
      await world.emulator.fault('token', [{ oauthError: { error: 'invalid_client' } }]);
      const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c1' } } });
      const { token: newer } = await world.credential.getToken(world.scopeOfResource(), { claims });
      await world.emulator.fault('resource', [CLOSE, CLOSE, CLOSE]);
      const sent = [];
      for (const token of [older, newer, older]) sent.push(await world.tokenSentFor(token));
      assert.equal(sent[0], sent[2]);
      assert.notEqual(claimsOf(sent[0]).cnf['x5t#S256'], claimsOf(sent[1]).cnf['x5t#S256']);
    });

    test('knows its tokens under every scheme that the SDK may write, and under no other', async () => {
      const token = await tokenFor();
      for (const scheme of ['Bearer', 'bearer', 'PoP', 'mtls_pop']) {
        assert.equal((await world.send(`${scheme} ${token}`)).status, 200);
      }
      const sent = (await world.callsOfResource()).length;
      for (const authorization of [
        `Basic ${token}`,
        token,
        `Bearer ${token}x`,
        'Bearer',
        `Bearer a, Bearer ${token}`,
      ]) {
        const error = await failure(world.send(authorization));
        assert.equal(error.errorCode, 'token_not_bound');
        assert.ok(!`${error.message}${error.stack}`.includes(token));
      }
      assert.equal((await world.callsOfResource()).length, sent);
    });

    test('asks for no content coding unless the pipeline does', async () => {
      await world.send(`Bearer ${await tokenFor()}`);
      assert.equal((await world.callsOfResource()).at(-1).headers['accept-encoding'], 'identity');
    });

    test('of another world.credential does not know them', async () => {
      const token = await tokenFor();
      const other = world.newCredential();
      const error = await failure(world.send(`Bearer ${token}`, undefined, other.httpClient));
      assert.equal(error.errorCode, 'token_not_bound');
      assert.deepEqual(await world.callsOfResource(), []);
    });

    test('sends what has no token without a certificate, also after a token was sent', async () => {
      await world.send(`Bearer ${await tokenFor()}`);
      const url = `${world.emulator.resources.vault}/secrets/one`;
      assert.equal((await world.send(undefined, url)).status, 401);
      const { headers, clientCertificateS256 } = (await world.callsOfResource()).at(-1);
      assert.equal(headers.authorization, undefined);
      assert.equal(headers['x-ms-tokenboundauth'], undefined);
      assert.equal(clientCertificateS256, undefined);
    });

    test('leaves redirects to the pipeline above it', async () => {
      const token = await tokenFor();
      await world.emulator.fault('resource', [{ status: 307, headers: { Location: '/moved' } }]);
      const { status, headers } = await world.send(`Bearer ${token}`);
      assert.equal(status, 307);
      assert.equal(headers.get('location'), '/moved');
      assert.equal((await world.callsOfResource()).length, 1);
    });

    test('leaves repeating to the pipeline above it', async () => {
      const token = await tokenFor();
      await world.emulator.fault('resource', [{ status: 503 }, { status: 429, headers: { 'Retry-After': '0' } }]);
      assert.equal((await world.send(`Bearer ${token}`)).status, 503);
      assert.equal((await world.send(`Bearer ${token}`)).status, 429);
      assert.equal((await world.callsOfResource()).length, 2);
    });

    test('has a refused certificate replaced once, however often the pipeline repeats', async () => {
      const token = await tokenFor();
      await world.emulator.fault('resource', [CLOSE, REFUSED, REFUSED, REFUSED]);
      await world.send(`Bearer ${token}`);
      const issuedBefore = await world.countIssuedCertificates();

      const first = await failure(world.send(`Bearer ${token}`));
      assert.equal(first.name, 'RestError');
      assert.equal(first.code, 'ECONNRESET');
      for (let attempt = 2; attempt <= 3; attempt += 1) {
        const error = await failure(world.send(`Bearer ${token}`));
        assert.equal(error.name, 'RestError');
        assert.notEqual(error.code, 'ECONNRESET');
      }
      assert.equal((await world.countIssuedCertificates()) - issuedBefore, 1);
      assert.equal((await world.send(`Bearer ${token}`)).status, 200);
    });

    test('has it replaced once for all requests that saw it refused', async () => {
      const token = await tokenFor();
      await world.emulator.fault('resource', [CLOSE, REFUSED, REFUSED, REFUSED]);
      await world.send(`Bearer ${token}`);
      const issuedBefore = await world.countIssuedCertificates();

      const errors = await Promise.all([1, 2, 3].map(() => failure(world.send(`Bearer ${token}`))));
      assert.deepEqual(new Set(errors.map(({ code }) => code)), new Set(['ECONNRESET']));
      assert.equal((await world.countIssuedCertificates()) - issuedBefore, 1);
      assert.equal((await world.send(`Bearer ${token}`)).status, 200);
    });

    test('as a policy refuses tokens it does not know, and passes on what has none', async () => {
      const passedOn = [];
      const next = async (request) => {
        passedOn.push(request);
        return { status: 204, headers: request.headers, request };
      };
      const through = { sendRequest: (request) => world.credential.policy.sendRequest(request, next) };
      assert.equal(
        (await failure(world.send('Bearer eyJ.other.token', undefined, through))).errorCode,
        'token_not_bound',
      );
      assert.equal(passedOn.length, 0);
      assert.equal((await world.send(undefined, undefined, through)).status, 204);
      assert.equal((await world.send(`Bearer ${await tokenFor()}`, undefined, through)).status, 200);
      assert.equal(passedOn.length, 1);
    });
  });
}
