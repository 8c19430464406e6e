import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretClient } from '@azure/keyvault-secrets';
import { withMtlsPop } from 'msal-mi-core/azure';
import { claimsOf, CLOSE, failure, REFUSED, VAULT_OPTIONS } from './world.mjs';

export function describeSecretClient(world) {
  describe('SecretClient', () => {
    test('sets, gets, deletes', async () => {
      const client = world.secretClient();
      const set = await client.setSecret('one', 'value of one', { tags: { a: 'b' }, contentType: 'text/plain' });
      assert.equal((await client.getSecret('one')).value, 'value of one');
      assert.deepEqual(
        { ...(await client.getSecret('one', { version: set.properties.version })).properties.tags },
        { a: 'b' },
      );
      await (await client.beginDeleteSecret('one', { intervalInMs: 1, updateIntervalInMs: 1 })).getOperationState();
      const error = await failure(client.getSecret('one'));
      assert.equal(error.statusCode, 404);
      assert.equal(error.code, 'SecretNotFound');
    });

    test('sends every token as mtls_pop over the certificate it is bound to, and the challenge request without either', async () => {
      await world.secretClient().setSecret('one', 'x');
      const [challenged, ...authorized] = await world.callsOfResource();
      assert.equal(challenged.headers.authorization, undefined);
      assert.equal(challenged.clientCertificateS256, undefined);
      assert.ok(authorized.length > 0);
      for (const { headers, clientCertificateS256, status } of authorized) {
        assert.match(headers.authorization, /^mtls_pop eyJ/);
        assert.equal(headers['x-ms-tokenboundauth'], 'true');
        assert.equal(claimsOf(headers.authorization).cnf['x5t#S256'], clientCertificateS256);
        assert.equal(status, 200);
      }
    });

    test('lists in pages', async () => {
      const client = world.secretClient();
      for (let n = 0; n < 12; n += 1) await client.setSecret(`secret-${n}`, String(n));
      const sizes = [];
      for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 5 })) sizes.push(page.length);
      assert.deepEqual(sizes, [5, 5, 2]);
    });

    test('repeats what was throttled, as the SDK does', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      await world.emulator.fault('resource', [
        { status: 429, headers: { 'Retry-After': '0' } },
        { status: 503, headers: { 'Retry-After': '0' } },
      ]);
      assert.equal((await client.getSecret('one')).value, 'x');
      assert.deepEqual(
        (await world.callsOfResource()).slice(-3).map(({ status }) => status),
        [429, 503, 200],
      );
    });

    test('answers a claims challenge with a token that has the claims', async () => {
      const name = 'require-claim';
      const sendRequest = (request, next) => {
        request.headers.set('x-emulator-require-claim', 'acrs=c7');
        return next(request);
      };
      const client = world.secretClient({
        ...VAULT_OPTIONS,
        additionalPolicies: [{ position: 'perRetry', policy: { name, sendRequest } }],
      });
      await client.setSecret('one', 'x');
      assert.deepEqual(
        (await world.callsOfResource()).map(({ status }) => status),
        [401, 401, 200],
      );
    });

    test('goes on with another certificate when the resource refuses the one it has', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      // A kept connection would be used again, without a handshake.
      await world.emulator.fault('resource', [CLOSE]);
      await client.getSecret('one');
      const refused = (await world.callsOfResource()).at(-1).clientCertificateS256;
      const issuedBefore = await world.countIssuedCertificates();
      await world.emulator.fault('resource', [REFUSED]);
      assert.equal((await client.getSecret('one')).value, 'x');
      assert.notEqual((await world.callsOfResource()).at(-1).clientCertificateS256, refused);
      assert.equal((await world.countIssuedCertificates()) - issuedBefore, 1);
    });

    test('stops when it is aborted', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      await world.emulator.fault('resource', [{ delayMs: 60_000 }]);
      const controller = new AbortController();
      const call = failure(client.getSecret('one', { abortSignal: controller.signal }));
      setTimeout(() => controller.abort(), 50);
      assert.equal((await call).name, 'AbortError');
    });

    test('is refused with the token alone', async () => {
      const client = new SecretClient(world.emulator.resources.vault, world.credential, {
        ...VAULT_OPTIONS,
        tlsOptions: { ca: world.emulator.ca },
      });
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.statusCode, 401);
      assert.match((await world.callsOfResource()).at(-1).failure, /wrong_scheme/);
    });

    test('is refused with a bearer token', async () => {
      const options = { ...VAULT_OPTIONS, tlsOptions: { ca: world.emulator.ca } };
      const client = new SecretClient(world.emulator.resources.vault, world.bearerCredential(), options);
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.statusCode, 401);
      const refused = (await world.callsOfResource()).at(-1);
      assert.match(refused.headers.authorization, /^Bearer eyJ/);
      assert.match(refused.failure, /wrong_scheme/);
    });

    test('cannot send a token that is not of the credential', async () => {
      const stranger = {
        getToken: async () => ({ token: 'eyJ.other.token', expiresOnTimestamp: Date.now() + 3_600_000 }),
      };
      const client = new SecretClient(
        world.emulator.resources.vault,
        stranger,
        withMtlsPop(world.credential, VAULT_OPTIONS),
      );
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.errorCode, 'token_not_bound');
      assert.ok(!`${error.message}${error.stack}`.includes('eyJ'));
      assert.ok((await world.callsOfResource()).every(({ headers }) => headers.authorization === undefined));
    });

    test('cannot bring TLS options of its own', async () => {
      const client = world.secretClient({ ...VAULT_OPTIONS, tlsOptions: { ca: world.emulator.ca } });
      assert.equal((await failure(client.setSecret('one', 'x'))).errorCode, 'invalid_configuration');
    });

    test('says what is wrong when the server cannot be reached', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      const { token } = await world.credential.getToken('https://vault.azure.net/.default');
      const error = await failure(world.send(`Bearer ${token}`, 'https://localhost:1/'));
      assert.equal(error.name, 'RestError');
      assert.equal(error.code, 'ECONNREFUSED');
    });
  });
}
