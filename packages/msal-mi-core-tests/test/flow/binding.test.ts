/** Certificates: one per identity, kept, replaced (D7, D8, D16 to D18, D23, D27). */
import { inspect } from 'node:util';
import { createSoftwareKeyStore } from 'core/platform/software/key-store.js';
import { IsolatedPlatform, MemoryCertificateStore } from '../support/isolated-platform.js';
import { legs, queryOf, requestOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const FORCED = softwareRequest({ forceRefresh: true });
const userAssigned = () => world.emulator.identities[0]!;

describe('identities', () => {
  test('J01, C02, C03, C04: each way to name an identity is sent on both legs and yields a token of that identity', async () => {
    const { clientId, objectId, resourceId } = userAssigned();
    const ways = [
      [{ userAssignedClientId: clientId }, { client_id: clientId }],
      [{ userAssignedObjectId: objectId }, { object_id: objectId }],
      [{ userAssignedResourceId: resourceId }, { mi_res_id: resourceId }],
    ] as const;
    for (const [managedIdentityIdParams, selector] of ways) {
      world.renew();
      await world.application({ managedIdentityIdParams }).acquireToken(softwareRequest());

      expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token']);
      for (const leg of ['metadata', 'issuecredential'] as const) {
        expect(queryOf(requestOf(world.emulator, leg))).toEqual({ 'cred-api-version': '2.0', ...selector });
      }
      expect(requestOf(world.emulator, 'token').body).toContain(`client_id=${clientId}`);
    }
  });

  test('I13: system and user-assigned identity have certificates of their own, each kept', async () => {
    const system = world.application();
    const user = world.application({ managedIdentityIdParams: { userAssignedClientId: userAssigned().clientId } });
    const [first, second] = [await system.acquireToken(FORCED), await user.acquireToken(FORCED)];
    expect(first.bindingCertificate.x5tS256).not.toBe(second.bindingCertificate.x5tS256);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(2);

    await system.acquireToken(FORCED);
    await user.acquireToken(FORCED);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(2);
  });

  test('I14: another identity mints for itself, whatever the first one has', async () => {
    const first = world.application({ managedIdentityIdParams: { userAssignedClientId: userAssigned().clientId } });
    const second = world.application({ managedIdentityIdParams: { userAssignedObjectId: userAssigned().objectId } });
    await first.acquireToken(softwareRequest());
    world.emulator.reset();

    await first.acquireToken(FORCED);
    expect(legs(world.emulator)).toEqual(['token']);
    await second.acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual(['token', 'metadata', 'issuecredential', 'token']);
  });
});

describe('one certificate for many tokens', () => {
  test('C06, I01: a forced second token asks for neither metadata nor a certificate', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    const second = await application.acquireToken(FORCED);

    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
    expect(second.accessToken).not.toBe(first.accessToken);
  });

  test('I42: ten concurrent cold calls for ten resources mint once', async () => {
    const application = world.application();
    const calls = Array.from({ length: 10 }, (_, i) =>
      application.acquireToken(softwareRequest({ resource: `https://resource-${i}.example` })),
    );
    const thumbprints = new Set((await Promise.all(calls)).map((result) => result.bindingCertificate.x5tS256));

    expect(thumbprints.size).toBe(1);
    expect(world.requests()).toEqual({ metadata: 1, issuecredential: 1, token: 10, attestation: 0 });
  });

  test('I07: what callers get cannot be changed, and does not change what the next one gets', async () => {
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());

    expect(() => Object.assign(first.bindingCertificate, { x5tS256: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(first, { accessToken: 'x' })).toThrow(TypeError);
    first.bindingCertificate.notAfter.setTime(0);
    first.expiresOn.setTime(0);
    first.scopes.push('x');
    const cached = await application.acquireToken(softwareRequest());
    expect(Object.isFrozen(cached)).toBe(true);
    expect(cached.expiresOn.getTime()).toBeGreaterThan(world.clock.now());
    expect(cached.scopes).toHaveLength(1);
    const second = await application.acquireToken(FORCED);
    expect(second.bindingCertificate.notAfter.getTime()).toBeGreaterThan(world.clock.now());
    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(1);
  });

  test('I09: cleared caches mint again, for this identity only', async () => {
    const system = world.application();
    const user = world.application({ managedIdentityIdParams: { userAssignedClientId: userAssigned().clientId } });
    await system.acquireToken(softwareRequest());
    await user.acquireToken(softwareRequest());
    world.emulator.reset();

    world.application().clearCache();
    await user.acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual([]);
    await system.acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token']);
  });
});

describe('certificates that are useless', () => {
  test('E11: the certificate issued for our key makes a binding', async () => {
    const { bindingCertificate, binding } = await world.application().acquireToken(softwareRequest());
    const key = await world.platform.keyStore.open({ verify: false });
    const certified = bindingCertificate.toX509Certificate().publicKey.export({ type: 'spki', format: 'der' });

    expect(certified.equals(key.spki)).toBe(true);
    expect(binding.tlsOptions()).toMatchObject({ minVersion: 'TLSv1.2' });
  });

  test('I45: one that cannot be parsed, or certifies another key, fails the call and is not kept', async () => {
    const application = world.application();
    for (const mutate of ['not-a-certificate', 'other-key-certificate'] as const) {
      world.emulator.fault('issuecredential', [{ mutate }]);
      expect(await rejection(application.acquireToken(softwareRequest()))).toMatchObject({
        errorCode: 'invalid_certificate',
        stage: 'issuecredential',
      });
    }
    expect(requestsOf(world.emulator, 'token')).toEqual([]);
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
    expect(world.requests()).toMatchObject({ metadata: 3, issuecredential: 3, token: 1 });
  });

  test('E10: a request that cannot be parsed is refused by the metadata service', async () => {
    const url = `${world.emulator.imdsUrl}/metadata/identity/issuecredential?cred-api-version=2.0`;
    for (const csr of [null, '', 'garbage', Buffer.from('garbage').toString('base64')]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { Metadata: 'true', 'Content-Type': 'application/json' },
        body: JSON.stringify({ csr }),
      });
      expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_request' }]);
    }
  });

  test('G12, G13: a Server header is not needed and a token_endpoint is not used', async () => {
    world.emulator.fault('issuecredential', [
      { headers: { Server: null }, patch: { token_endpoint: 'https://elsewhere.example/token' } },
    ]);

    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ fromCache: false });
    expect(requestsOf(world.emulator, 'token')).toHaveLength(1);
  });
});

describe('the key and the store', () => {
  test('D09, D10: off Windows the key lives in memory; 32 concurrent opens make one', async () => {
    const store = createSoftwareKeyStore();
    expect(await store.strongest()).toBe(1);
    const keys = await Promise.all(Array.from({ length: 32 }, () => store.open({ verify: false })));

    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatchObject({ strength: 1, id: expect.any(String) as string });
    expect(keys[0]).not.toHaveProperty('named');
  });

  test('D11: an aborted signal ends the opening of the key with its own reason', async () => {
    const reason = new Error('the caller left');
    const open = async () => createSoftwareKeyStore().open({ verify: false, signal: AbortSignal.abort(reason) });

    await expect(open()).rejects.toBe(reason);
  });

  test('I40: off Windows nothing is persisted', async () => {
    const { certificateStore, keyStore } = world.platform;
    const key = await keyStore.open({ verify: false });
    const stored = { certificate: new Uint8Array(1), clientId: 'c', tenantId: 't', endpoint: 'https://e' };
    await certificateStore.save('alias', key, stored);

    expect(certificateStore.isPersistent).toBe(false);
    expect(await certificateStore.find('alias', key, 0)).toBeUndefined();
  });

  test('rule D29: what is printed of a binding holds no certificate', async () => {
    const { binding, bindingCertificate } = await world.application().acquireToken(softwareRequest());
    for (const value of [binding, bindingCertificate, { ...binding }]) {
      const text = inspect(value, { depth: Infinity });
      expect(text).not.toContain('BEGIN CERTIFICATE');
      expect(text).toContain(bindingCertificate.x5tS256);
    }
  });

  test('I41: a new process with a persisted certificate asks for a token only, and keeps the certificate', async () => {
    const store = new MemoryCertificateStore();
    const platform = new IsolatedPlatform(store);
    world.renew(platform);
    const first = await world.application().acquireToken(softwareRequest());

    world.renew(platform); // Another process state, the same store.
    const application = world.application();
    const second = await application.acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual(['token']);
    expect(second.bindingCertificate.x5tS256).toBe(first.bindingCertificate.x5tS256);

    store.calls.length = 0;
    await application.acquireToken(FORCED);
    expect([legs(world.emulator), store.calls]).toEqual([['token', 'token'], []]);
  });

  test('rule D16: a stored certificate of a host that is not allowed is not used', async () => {
    const platform = new IsolatedPlatform(new MemoryCertificateStore());
    world.renew(platform);
    await world.application().acquireToken(softwareRequest());

    world.renew(platform);
    const limited = world.application({}, { MSAL_MI_IMDSV2_ALLOWED_HOSTS: 'mtlsauth.example' });
    expect(await rejection(limited.acquireToken(softwareRequest()))).toMatchObject({
      errorCode: 'managed_identity_request_failed',
      errorMessage: expect.stringContaining('MSAL_MI_IMDSV2_ALLOWED_HOSTS') as string,
    });
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential']);

    world.renew(platform);
    const { hostname } = new URL(world.emulator.tokenUrl);
    await world.application({}, { MSAL_MI_IMDSV2_ALLOWED_HOSTS: hostname }).acquireToken(softwareRequest());
    expect(legs(world.emulator)).toEqual(['token']);
  });

  test('I34: a refused certificate leaves memory and store when its successor is there, and not before', async () => {
    const store = new MemoryCertificateStore();
    world.renew(new IsolatedPlatform(store));
    const application = world.application();
    const first = await application.acquireToken(softwareRequest());
    const refusal = { oauthError: { error: 'invalid_client' } };
    world.emulator.fault('token', [refusal, refusal]);
    world.emulator.fault('issuecredential', [{ status: 400 }, { status: 400 }]);

    await rejection(application.acquireToken(FORCED));
    expect(store.certificates).toEqual([first.bindingCertificate.x5tS256]);
    expect((await application.acquireToken(softwareRequest())).accessToken).toBe(first.accessToken);

    const second = await application.acquireToken(FORCED);
    expect(second.bindingCertificate.x5tS256).not.toBe(first.bindingCertificate.x5tS256);
    expect(store.certificates).toEqual([second.bindingCertificate.x5tS256]);
    expect((await application.acquireToken(softwareRequest())).accessToken).toBe(second.accessToken);
  });

  test('I11: a retired channel still serves, and may be retired again', async () => {
    const result = await world.application().acquireToken(softwareRequest());
    const [channel] = await channelsOf(result.bindingCertificate.toX509Certificate().raw);
    const url = new URL(`${world.emulator.tokenUrl}/${world.emulator.tenantId}/discovery/v2.0/keys`);
    channel.retire();
    channel.retire();
    const response = await channel.send({ method: 'GET', url, headers: [], idempotent: true });

    expect(response.status).toBe(200);
    for await (const chunk of response.body) expect(chunk.length).toBeGreaterThan(0);
  });
});

async function channelsOf(certificate: Uint8Array) {
  const key = await world.platform.keyStore.open({ verify: false });
  return [world.platform.createTransport([world.emulator.ca]).bind(key, certificate)] as const;
}
