import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Agent } from 'node:https';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';
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

    test('sends nothing with a token when the transport was forgotten', async () => {
      const client = new SecretClient(world.emulator.resources.vault, world.credential, {
        ...VAULT_OPTIONS,
        tlsOptions: { ca: world.emulator.ca },
      });
      assert.match((await failure(client.setSecret('forgotten', 'x'))).message, /Authorization/i);
      const sent = (await world.callsOfResource()).filter(({ url }) => url.startsWith('/secrets/forgotten'));
      // The one that asks for a challenge.
      assert.deepEqual(
        sent.map(({ headers }) => headers.authorization),
        [undefined],
      );
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

    test('cannot bring TLS options, an agent or a proxy of its own, not even around withMtlsPop', async () => {
      const options = [
        { tlsOptions: { ca: world.emulator.ca } },
        { agent: new Agent() },
        { proxyOptions: { host: 'http://127.0.0.1', port: 9 } },
      ];
      for (const option of options) {
        assert.throws(() => withMtlsPop(world.credential, option), { errorCode: 'invalid_configuration' });
        const client = new SecretClient(world.emulator.resources.vault, world.credential, {
          ...VAULT_OPTIONS,
          ...option,
          httpClient: world.credential.httpClient,
        });
        assert.equal((await failure(client.setSecret('one', 'x'))).errorCode, 'invalid_configuration');
      }
      assert.deepEqual(await world.callsOfResource(), []);
    });

    test('works with no other credential than the one itself', () => {
      const { credential } = world;
      const wrapper = { getToken: (...scopes) => credential.getToken(...scopes) };
      for (const other of [
        wrapper,
        { ...credential, ...wrapper },
        Object.create(credential),
        new Proxy(credential, {}),
        world.bearerCredential(),
        undefined,
        null,
        'credential',
      ]) {
        assert.throws(() => withMtlsPop(other), { errorCode: 'invalid_request' });
      }
      assert.equal(withMtlsPop(credential, withMtlsPop(credential)).httpClient, credential.httpClient);
      assert.throws(() => withMtlsPop(credential, { allowedHosts: ['contoso.com'] }), /option of the credential/);
    });

    test('repeats what Key Vault refuses for a moment, with the pauses of the pipeline, and says what it was', async () => {
      const client = world.secretClient({ ...VAULT_OPTIONS, retryOptions: { maxRetries: 5, retryDelayInMs: 1 } });
      await client.setSecret('one', 'x');
      const body = { error: { code: 'Unauthorized', message: '[MtlsCnfClaimRequestDataValidationFailed] no match' } };
      const passing = { status: 401, body };
      await world.emulator.fault('resource', [passing, passing, passing]);
      assert.equal((await client.getSecret('one')).value, 'x');

      await world.emulator.reset();
      await world.secretClient().setSecret('one', 'x');
      await world.emulator.fault('resource', Array(6).fill(passing));
      const error = await failure(client.getSecret('one'));
      assert.equal(error.name, 'RestError');
      assert.equal(error.statusCode, 401);
      assert.equal(error.code, 'client_certificate_mismatch');
      assert.equal(error.cause.errorCode, 'client_certificate_mismatch');
      assert.match(error.message, /certificate/);
      assert.equal((await world.callsOfResource()).filter(({ status }) => status === 401).length - 1, 4);
    });

    test('does not repeat a request that must not be executed twice', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      const keys = new KeyClient(
        world.emulator.resources.vault,
        world.credential,
        withMtlsPop(world.credential, VAULT_OPTIONS),
      );
      await keys.createRsaKey('first');
      const before = (await world.callsOfResource()).length;
      const body = { error: { code: 'Unauthorized', message: '[MtlsCnfClaimRequestDataValidationFailed] no match' } };
      await world.emulator.fault('resource', [{ status: 401, body }]);
      assert.equal((await failure(keys.createRsaKey('signing'))).code, 'client_certificate_mismatch');
      assert.equal((await world.callsOfResource()).length, before + 1);
    });

    test('takes the token to no other host', async () => {
      const { ca } = world.emulator;
      const credential = new MtlsManagedIdentityCredential({ minStrength: world.strength, system: { ca } });
      const { vault } = world.emulator.resources;
      const client = new SecretClient(vault, credential, withMtlsPop(credential, VAULT_OPTIONS));
      const error = await failure(client.setSecret('one', 'x'));
      assert.equal(error.errorCode, 'host_not_allowed');
      assert.ok(error.message.includes(new URL(vault).host));
      assert.ok((await world.callsOfResource()).every(({ headers }) => headers.authorization === undefined));
    });

    test('says what is wrong when the server cannot be reached', async () => {
      const client = world.secretClient();
      await client.setSecret('one', 'x');
      const { token } = await world
        .newCredential({ allowedHosts: ['localhost:1'] })
        .getToken('https://vault.azure.net/.default');
      assert.equal((await failure(world.send(`Bearer ${token}`))).errorCode, 'token_not_bound');
      world.credential = world.newCredential({ allowedHosts: ['localhost:1'] });
      const reachable = await world.credential.getToken('https://vault.azure.net/.default');
      const error = await failure(world.send(`Bearer ${reachable.token}`, 'https://localhost:1/'));
      assert.equal(error.request.url, 'https://localhost:1/');
      assert.equal(error.name, 'RestError');
      assert.equal(error.code, 'ECONNREFUSED');
    });
  });
}
