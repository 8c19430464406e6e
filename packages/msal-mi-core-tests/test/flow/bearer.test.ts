/** Bearer requests are msal-node's: next to bound ones, in one process, against one metadata service (D5). */
import { createAuthorizationHeader } from 'core/result.js';
import { legs, queryOf, requestOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VAULT, World, softwareRequest, withEnvironment } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

/** msal-node reads the environment whenever it acquires a token. */
function bearer(application: ReturnType<World['application']>, resource = VAULT) {
  const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: world.emulator.imdsUrl };
  return withEnvironment(env, () => application.acquireToken({ resource, forceRefresh: true }));
}

test('A11: a bearer request is one request to v1, without a probe', async () => {
  const result = await bearer(world.application());

  expect(result.accessToken).toMatch(/^eyJ/);
  expect(legs(world.emulator)).toEqual(['v1']);
  expect(queryOf(requestOf(world.emulator, 'v1'))).toMatchObject({ 'api-version': '2018-02-01', resource: VAULT });
});

test.each([
  ['https://management.azure.com/', 'https://management.azure.com/'],
  ['https://database.windows.net//.default', 'https://database.windows.net/'],
  [' https://vault.azure.net/.default ', VAULT],
])('rule D5: the audience of a bearer token is the one that msal-node asks for: %p', async (resource, asked) => {
  await bearer(world.application(), resource);

  expect(queryOf(requestOf(world.emulator, 'v1'))).toMatchObject({ resource: asked });
});

test('A12: where v2 was discovered a bearer request still goes to v1, and v2 stays discovered', async () => {
  const application = world.application();
  await application.getManagedIdentityCapabilities();
  await bearer(application);
  await application.getManagedIdentityCapabilities();

  expect(legs(world.emulator)).toEqual(['v2-probe', 'v1']);
  await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
});

test('A13: bearer, bound and bearer again: nothing latches', async () => {
  const application = world.application();
  await application.getManagedIdentityCapabilities();
  const types = [
    (await bearer(application)).tokenType,
    (await application.acquireToken(softwareRequest())).tokenType,
    (await bearer(application)).tokenType,
  ];

  expect(types).toEqual(['Bearer', 'mtls_pop', 'Bearer']);
});

test('K03: a bearer token is not handed out for a bound request, nor the other way round', async () => {
  const application = world.application();
  const plain = await bearer(application);
  const bound = await application.acquireToken(softwareRequest());

  expect(bound.fromCache).toBe(false);
  expect(bound.accessToken).not.toBe(plain.accessToken);
  expect((await bearer(application)).accessToken).not.toBe(bound.accessToken);
});

test('L01, L02: the scheme tells the kinds apart, and a bearer result has no certificate', async () => {
  const application = world.application();
  const plain = await bearer(application);
  const bound = await application.acquireToken(softwareRequest());

  expect(createAuthorizationHeader(plain)).toBe(`Bearer ${plain.accessToken}`);
  expect(createAuthorizationHeader(bound)).toBe(`mtls_pop ${bound.accessToken}`);
  expect(plain).not.toHaveProperty('bindingCertificate');
  expect(plain).not.toHaveProperty('binding');
});

test.each([
  ['404 and nothing', { status: 404, body: {} }],
  ['a fault that it does not know', { status: 500, body: { code: 'x' } }],
  ['success without a token', { status: 200, body: {} }],
])('a bearer request that is answered with %s brings no empty token', async (_what, fault) => {
  world.emulator.outage('imds-token', fault);
  const application = world.application({ system: { disableInternalRetries: true } });

  expect(await rejection(bearer(application))).toMatchObject({
    errorCode: 'invalid_token_response',
    correlationId: expect.stringMatching(/./) as string,
  });
});

test.each([
  [503, true],
  [429, true],
  [400, false],
])('the failure of a bearer request says what was answered, and whether it may pass: %i', async (status, retryable) => {
  world.emulator.outage('imds-token', { status, body: { error: 'invalid_request', error_description: 'x' } });
  const application = world.application({ system: { disableInternalRetries: true } });

  expect(await rejection(bearer(application))).toMatchObject({ httpStatus: status, retryable });
});

test('a bearer request that nobody answers may be tried again', async () => {
  world.emulator.outage('imds-token', { reset: 'before-response' });
  const application = world.application({ system: { disableInternalRetries: true } });

  expect(await rejection(bearer(application))).toMatchObject({ errorCode: 'network_error', retryable: true });
});
