/** The token request over TLS: what is sent, and what the answer becomes (D19 to D21, D24). */
import { MAX_BODY_BYTES } from 'core/transport/exchange.js';
import { requestToken } from 'core/token/token-request.js';
import { TransportError } from 'core/ports.js';
import { VERSION } from 'core/version.js';
import type { ManagedIdentityConfiguration, MtlsPopRequestParams } from 'core/public-types.js';
import { formOf, legs, requestOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { World, softwareRequest } from '../support/world.js';
import { testCall } from '../support/call.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const CORRELATION_ID = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';

/** The form of the token request that a cold call sends. */
async function formSent(request: Partial<MtlsPopRequestParams> = {}, configuration: ManagedIdentityConfiguration = {}) {
  await world.application(configuration).acquireToken(softwareRequest(request));
  return formOf(requestOf(world.emulator, 'token'));
}

describe('request', () => {
  test('J05, J11: the form has four fields and nothing else', async () => {
    expect(await formSent()).toEqual({
      client_id: world.emulator.systemAssigned.clientId,
      grant_type: 'client_credentials',
      scope: 'https://vault.azure.net/.default',
      token_type: 'mtls_pop',
    });
    expect(requestOf(world.emulator, 'token').url).toBe(`/${world.emulator.tenantId}/oauth2/v2.0/token`);
  });

  test('J06: one correlation id goes to all legs and comes back in the result', async () => {
    const result = await world.application().acquireToken(softwareRequest({ correlationId: CORRELATION_ID }));

    expect(result.correlationId).toBe(CORRELATION_ID);
    expect(requestOf(world.emulator, 'metadata').headers['x-ms-client-request-id']).toBe(CORRELATION_ID);
    expect(requestOf(world.emulator, 'issuecredential').headers['x-ms-client-request-id']).toBe(CORRELATION_ID);
    expect(requestOf(world.emulator, 'token').headers).toMatchObject({
      'client-request-id': CORRELATION_ID,
      'return-client-request-id': 'true',
      'x-client-sku': 'msal-mi.node',
      'x-client-ver': VERSION,
      'x-client-os': process.platform,
      'x-ms-lib-capability': 'retry-after, h429',
      accept: 'application/json',
    });
  });

  test('J52: there is no telemetry header that could name the wrong token type', async () => {
    await formSent();

    const names = Object.keys(requestOf(world.emulator, 'token').headers);
    expect(names.filter((name) => /telemetry/.test(name))).toEqual([]);
  });

  test('J07, J08, J09: capabilities and claims arrive merged, claims alone as they are', async () => {
    const clientCapabilities = ['cp1'];
    expect((await formSent({}, { clientCapabilities }))['claims']).toBe(
      '{"access_token":{"xms_cc":{"values":["cp1"]}}}',
    );

    world.renew();
    const claims = '{ "access_token": {"nbf":{"essential":true}} }';
    expect((await formSent({ claims }))['claims']).toBe(claims);

    world.renew();
    const merged = JSON.parse((await formSent({ claims }, { clientCapabilities }))['claims']!) as unknown;
    expect(merged).toEqual({ access_token: { nbf: { essential: true }, xms_cc: { values: ['cp1'] } } });
  });

  test('a scope suffix and a trailing slash of the resource are not doubled', async () => {
    for (const resource of ['https://vault.azure.net/.default', 'https://vault.azure.net/']) {
      world.renew();
      expect((await formSent({ resource }))['scope']).toBe('https://vault.azure.net/.default');
    }
  });

  test('J04: a blank resource is refused before any HTTP', async () => {
    for (const resource of ['', ' ', '/.default']) {
      expect(await rejection(world.application().acquireToken(softwareRequest({ resource })))).toMatchObject({
        errorCode: 'invalid_resource',
      });
    }
    expect(legs(world.emulator)).toEqual([]);
  });

  test('malformed claims are refused before any HTTP, without their text', async () => {
    for (const name of ['claims', 'claimsFromClient'] as const) {
      const error = await rejection(
        world.application().acquireToken(softwareRequest({ [name]: '{"not-to-be-repeated' })),
      );
      expect(error.errorCode).toBe('invalid_json_claims_format');
      expect(error.message + (error.stack ?? '')).not.toContain('not-to-be-repeated');
    }
    expect(legs(world.emulator)).toEqual([]);
  });
});

describe('answer', () => {
  test.each([
    ['no-token-type', 'token_type_missing'],
    ['bearer-token-type', 'token_type_mismatch'],
    ['no-access-token', 'invalid_token_response'],
    ['wrong-cnf', 'token_binding_mismatch'],
    ['malformed-json', 'invalid_token_response'],
  ] as const)('%s is %s; nothing is kept and the next call succeeds', async (mutate, errorCode) => {
    const application = world.application();
    world.emulator.fault('token', [{ mutate }]);

    expect(await rejection(application.acquireToken(softwareRequest()))).toMatchObject({ errorCode, stage: 'token' });
    expect((await application.acquireToken(softwareRequest())).fromCache).toBe(false);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(1);
  });

  test('an answer larger than any token is not read to its end', async () => {
    world.emulator.fault('token', [{ body: 'x'.repeat(MAX_BODY_BYTES + 1) }]);

    expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'invalid_token_response',
      stage: 'token',
    });
  });

  test('J47: the claims challenge of an error can be passed back, which skips the cache and keeps the certificate', async () => {
    const application = world.application();
    const challenge = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';
    world.emulator.fault('token', [
      { status: 400, body: { error: 'interaction_required', error_description: 'x', claims: challenge } },
    ]);
    const error = await rejection(application.acquireToken(softwareRequest()));
    expect([error.errorCode, error.claims]).toEqual(['interaction_required', challenge]);

    await application.acquireToken(softwareRequest({ claims: error.claims! }));
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
  });

  test('J46: a 401 without JSON is a typed failure, not healed', async () => {
    world.emulator.fault('token', [{ status: 401, body: '<html></html>' }]);

    expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'token_request_failed',
      httpStatus: 401,
    });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);
  });
});

describe('retries and throttling', () => {
  const statuses = (...list: number[]) =>
    world.emulator.fault(
      'token',
      list.map((status) => ({ status })),
    );

  test('J42: a server error is retried once after a second; the next call is not held back', async () => {
    const application = world.application();
    statuses(500, 500);
    expect(await rejection(application.acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'service_not_available',
      retryable: true,
    });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(2);
    expect(world.clock.slept).toEqual([1_000]);

    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
  });

  test('rule D24: one with a Retry-After that cannot be read is retried like one without', async () => {
    const headers = { 'Retry-After': 'soon' };
    world.emulator.fault('token', [{ status: 503, headers }]);
    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(2);
    expect(world.clock.slept).toEqual([1_000]);
  });

  test('with retries switched off there is one attempt', async () => {
    statuses(500);
    const application = world.application({ system: { disableInternalRetries: true } });

    await rejection(application.acquireToken(softwareRequest()));
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);
  });

  test('J44: a 429 is request_throttled at once, with and without JSON', async () => {
    world.emulator.fault('token', [
      { status: 429, body: { error: 'slow_down' } },
      { status: 429, body: 'busy' },
    ]);
    for (const requests of [1, 2]) {
      expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
        errorCode: 'request_throttled',
        httpStatus: 429,
      });
      expect(requestsOf(world.emulator, 'token')).toHaveLength(requests);
      world.clock.advance(60_000);
    }
  });

  test('rule D24: a 429 without Retry-After pauses identical requests for a minute', async () => {
    world.emulator.fault('token', [{ status: 429 }]);
    await rejection(world.application().acquireToken(softwareRequest()));
    world.clock.advance(59_999);
    expect(await rejection(world.application().acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'request_throttled',
    });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);

    world.clock.advance(1);
    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
  });

  test.each([429, 503])('after a %d with Retry-After identical requests wait, others do not', async (status) => {
    const application = world.application();
    world.emulator.fault('token', [{ status, headers: { 'Retry-After': '30' }, body: {} }]);
    await rejection(application.acquireToken(softwareRequest()));
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);

    const held = await rejection(application.acquireToken(softwareRequest()));
    expect(held).toMatchObject({ errorCode: 'request_throttled', retryable: true });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);
    await application.acquireToken(softwareRequest({ resource: 'https://other.example' }));

    world.clock.advance(30_000);
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
  });

  test('J45: attempts that time out are request_timeout after the second one', async () => {
    const clock = new VirtualClock();
    let attempts = 0;
    const call = requestToken(
      {
        tokenUrl: 'https://token.example/t/oauth2/v2.0/token',
        form: new URLSearchParams(),
        channel: {
          exportable: true,
          tlsOptions: () => {
            throw new Error('unused');
          },
          retire: () => undefined,
          send: () => {
            attempts += 1;
            return Promise.reject(new TransportError('timeout', 'ETIMEDOUT', 'late'));
          },
        },
        x5tS256: 'x',
        expectedTokenType: 'mtls_pop',
        secrets: [],
        ignoreThrottle: false,
      },
      new Map(),
      testCall({ clock }),
    );

    expect(await rejection(call)).toMatchObject({ errorCode: 'request_timeout', stage: 'token', retryable: true });
    expect([attempts, clock.slept]).toEqual([2, [1_000]]);
  });
});
