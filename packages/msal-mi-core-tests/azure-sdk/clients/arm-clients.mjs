import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResourceManagementClient } from '@azure/arm-resources';
import { getBearerTokenProvider } from '@azure/identity';
import { MtlsBindingStrength } from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';
import { claimsOf, failure } from '../suite/world.mjs';

export function describeArmClients(world) {
  const credentialWith = (options) =>
    new MtlsManagedIdentityCredential({
      application: world.application,
      minStrength: MtlsBindingStrength.Software,
      requestOverMtls: true,
      ...options,
    });
  const clientWith = (credential, options = {}) => {
    const { resources, ca, subscriptionId } = world.emulator;
    // What a program leaves out: the emulator is not https://management.azure.com, and has its own authority.
    const emulated = {
      endpoint: resources.arm,
      credentials: { scopes: [`${resources.arm}/.default`] },
      tlsOptions: { ca },
    };
    return new ResourceManagementClient(credential, subscriptionId, { ...emulated, ...options });
  };
  const tokenRequests = () => world.emulator.journal.filter(({ url }) => url.endsWith('/oauth2/v2.0/token'));
  const formOf = ({ body }) => Object.fromEntries(new URLSearchParams(body));

  describe('rule D33: ResourceManagementClient on its own transport, with requestOverMtls', () => {
    test('creates, lists, deletes with bearer tokens that were acquired with the certificate', async () => {
      const { resourceGroups } = clientWith(credentialWith());
      for (const name of ['one', 'two', 'three']) await resourceGroups.createOrUpdate(name, { location: 'westus3' });
      const names = [];
      for await (const page of resourceGroups.list().byPage({ maxPageSize: 2 })) names.push(...page.map((g) => g.name));
      assert.deepEqual(names.sort(), ['one', 'three', 'two']);
      await (resourceGroups.delete?.('one', { updateIntervalInMs: 1 }) ??
        resourceGroups.beginDeleteAndWait('one', { updateIntervalInMs: 1 }));
      assert.equal((await failure(resourceGroups.get('one'))).statusCode, 404);

      for (const { headers, clientCertificateS256 } of world.calls()) {
        assert.match(headers.authorization, /^Bearer eyJ/);
        assert.equal(claimsOf(headers.authorization).cnf, undefined);
        assert.equal(clientCertificateS256, undefined);
      }
      const [request, ...others] = tokenRequests();
      assert.deepEqual(others, []);
      assert.equal(formOf(request).token_type, 'bearer');
      assert.match(request.clientCertificateS256, /^[\w-]{43}$/);
    });

    test('answers a claims challenge', async () => {
      const sendRequest = (request, next) => {
        request.headers.set('x-emulator-require-claim', 'acrs=c7');
        return next(request);
      };
      const additionalPolicies = [{ position: 'perRetry', policy: { name: 'require-claim', sendRequest } }];
      const { resourceGroups } = clientWith(credentialWith(), { additionalPolicies });
      await resourceGroups.createOrUpdate('one', { location: 'westus3' });
      assert.deepEqual(
        world.calls().map(({ status }) => status),
        [401, 201],
      );
      assert.deepEqual(claimsOf(world.calls()[1].headers.authorization).xms_cc, ['cp1']);
    });

    test('is the only way: a credential for bound tokens gets the refusal, and sends nothing', async () => {
      const bound = credentialWith({ requestOverMtls: false });
      const error = await failure(clientWith(bound).resourceGroups.get('one'));
      assert.equal(error.aadstsCode, '392196');
      assert.deepEqual(world.calls(), []);
    });

    test('has no other transport, and no hosts that it could be kept to', async () => {
      const credential = credentialWith();
      assert.throws(() => withMtlsPop(credential), { errorCode: 'invalid_request', message: /requestOverMtls/ });
      assert.throws(() => credentialWith({ allowedHosts: ['management.azure.com'] }), { errorCode: 'invalid_request' });
      assert.throws(() => credentialWith({ requestOverMtls: 'true' }), { errorCode: 'invalid_request' });
      const { httpClient, policy } = credential;
      const client = clientWith(credential, { httpClient, tlsOptions: undefined });
      assert.equal((await failure(client.resourceGroups.get('one'))).errorCode, 'invalid_request');
      const additionalPolicies = [{ position: 'perRetry', policy }];
      const withPolicy = clientWith(credential, { additionalPolicies });
      assert.equal((await failure(withPolicy.resourceGroups.get('one'))).errorCode, 'invalid_request');
      assert.deepEqual(world.calls(), []);
    });

    test('gives whoever takes bearer tokens one: the scope of a client over AMQP, getBearerTokenProvider', async () => {
      const credential = credentialWith();
      const { token } = await credential.getToken('https://servicebus.azure.net//.default');
      assert.equal(claimsOf(token).cnf, undefined);
      const provide = getBearerTokenProvider(credential, 'https://cognitiveservices.azure.com/.default');
      assert.equal(claimsOf(await provide()).aud, 'https://cognitiveservices.azure.com');
    });
  });
}
