/** What this host can do, found by probes that create nothing (D4). */
import { createSharedState } from 'core/cache/shared-state.js';
import { TransportError } from 'core/ports.js';
import { discoverSource } from 'core/source/capabilities.js';
import { parseConfiguration } from 'core/config.js';
import type { AttestationProvider, INetworkModule } from 'core/public-types.js';
import { IsolatedPlatform } from '../support/isolated-platform.js';
import { legs, queryOf, requestOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VirtualClock } from '../support/virtual-clock.js';
import type { Fault } from 'msal-mi-emulator';
import { World, softwareRequest } from '../support/world.js';
import { testCall } from '../support/call.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const query = () => world.application().getManagedIdentityCapabilities();
const statuses = (count: number, status: number) => Array.from({ length: count }, () => ({ status }));

describe('v2', () => {
  test('B01: a 400 to a request without the Metadata header proves v2; v1 is not asked', async () => {
    expect(await query()).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: true });

    expect(legs(world.emulator)).toEqual(['v2-probe']);
    const { method, headers, body, url } = requestOf(world.emulator, 'v2-probe');
    expect([method, body]).toEqual(['GET', undefined]);
    expect(url).toBe('/metadata/identity/getplatformmetadata?cred-api-version=2.0');
    expect(headers['x-ms-client-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(headers).sort()).toEqual(['connection', 'host', 'x-ms-client-request-id']);
  });

  test('a 200 to such a request is not IMDS v2', async () => {
    world.emulator.fault('getplatformmetadata', [{ status: 200, body: {} }]);

    await query();
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v1-probe']);
  });

  test('B03: a server error is probed again', async () => {
    world.emulator.fault('getplatformmetadata', statuses(1, 500));

    expect(await query()).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: true });
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v2-probe']);
  });

  test('B04, B05: a 404 ends the probe of v2 at once; v1 is found', async () => {
    world.emulator.fault('getplatformmetadata', statuses(1, 404));
    const application = world.application();

    expect(await application.getManagedIdentityCapabilities()).toMatchObject({
      source: 'Imds',
      isMtlsPopSupportedByHost: false,
      maxSupportedBindingStrength: 0,
    });
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v1-probe']);
    expect(application.getManagedIdentitySource()).toBe('Imds');
  });

  test('B07: a gone endpoint is probed eight times, ten seconds apart', async () => {
    world.emulator.fault('getplatformmetadata', statuses(8, 410));
    await query();

    expect(requestsOf(world.emulator, 'v2-probe')).toHaveLength(8);
    expect(world.clock.slept).toEqual(Array<number>(7).fill(10_000));
  });

  test('B09: connection failures are recorded as the reason, after v1 was tried too', async () => {
    world.emulator.fault(
      'getplatformmetadata',
      Array.from({ length: 4 }, () => ({ reset: 'before-response' as const })),
    );
    world.emulator.fault('imds-token', statuses(1, 404));
    const { source, errorReason } = await query();

    expect(source).toBe('None');
    expect(errorReason).toMatch(/IMDSv2: probe failed: .*IMDSv1: probe failed with HTTP 404/);
    expect(legs(world.emulator)).toEqual([...Array<string>(4).fill('v2-probe'), 'v1-probe']);
  });

  test('B18: both probes carry the selector of the identity', async () => {
    world.emulator.fault('getplatformmetadata', statuses(1, 404));
    const userAssignedResourceId = world.emulator.identities[0]!.resourceId;
    await world.application({ managedIdentityIdParams: { userAssignedResourceId } }).getManagedIdentityCapabilities();

    for (const leg of ['v2-probe', 'v1-probe'] as const) {
      expect(queryOf(requestOf(world.emulator, leg))).toMatchObject({ mi_res_id: userAssignedResourceId });
    }
  });

  test('rule D4: the answer is kept for an hour, or until it is asked for again', async () => {
    await query();
    world.clock.advance(3_599_000);
    world.clock.setWallClockBy(-86_400_000);
    await query();
    expect(legs(world.emulator)).toEqual(['v2-probe']);
    world.clock.advance(1_000);
    await query();
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v2-probe']);
    world.renew();
    await query();

    await world.application().getManagedIdentityCapabilities({ refresh: true });
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v2-probe']);
  });

  test('concurrent queries probe once', async () => {
    await Promise.all([query(), query(), query()]);

    expect(legs(world.emulator)).toEqual(['v2-probe']);
  });
});

test.each<[string, unknown]>([
  ['null', null],
  ['a text', 'refresh'],
  ['an unknown member', { refrehs: true }],
  ['a flag that is none', { refresh: 'yes' }],
  ['a signal that is none', { signal: 5 }],
])('rule D29: options that are %s are refused before any probe', async (_what, options) => {
  const asking = world.application().getManagedIdentityCapabilities(options as { refresh?: boolean });

  expect(await rejection(asking)).toMatchObject({ errorCode: 'invalid_request' });
  expect(world.emulator.journal).toEqual([]);
});

test('B08: an abort during the probe surfaces as it is, and nothing is kept', async () => {
  const reason = new Error('the caller left');
  const controller = new AbortController();
  const hang = () => {
    setImmediate(() => controller.abort(reason));
    return new Promise<never>(() => undefined);
  };
  const networkClient = { sendGetRequestAsync: hang, sendPostRequestAsync: hang } as unknown as INetworkModule;
  const application = world.application({ system: { networkClient } });

  await expect(application.getManagedIdentityCapabilities({ signal: controller.signal })).rejects.toBe(reason);
  expect(world.state.discovered.size).toBe(0);
  expect(application.getManagedIdentitySource()).toBe('DefaultToImds');
});

test('rule D10: an abort while the attestation provider is probed surfaces as it is', async () => {
  const reason = new Error('the caller left');
  const controller = new AbortController();
  const attestationProvider: AttestationProvider = {
    contractVersion: 1,
    name: 'slow',
    version: '1',
    attest: () => new Promise(() => undefined),
    probe() {
      setImmediate(() => controller.abort(reason));
      return new Promise(() => undefined);
    },
  };
  const application = world.application({ attestationProvider });

  await expect(application.getManagedIdentityCapabilities({ signal: controller.signal })).rejects.toBe(reason);
});

test('B20: a probe that times out is tried again, like one that a server error answers', async () => {
  const clock = new VirtualClock();
  let attempts = 0;
  const http = {
    send: () => {
      attempts += 1;
      return attempts <= 2
        ? Promise.reject(new TransportError('timeout', 'ETIMEDOUT', 'late'))
        : Promise.resolve({ status: 400, headers: {}, body: '' });
    },
  };
  const { environment, identity, imdsBase } = parseConfiguration(undefined, {});
  const host = {
    environment,
    imds: { base: imdsBase, identity, http },
    keyStore: world.platform.keyStore,
    state: createSharedState(),
    flightOwner: '',
    discoveryKey: imdsBase,
    isVersion2Disabled: false,
  };
  const found = await discoverSource(host, false, testCall({ clock }));

  expect(found).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: true });
  expect([attempts, clock.slept]).toEqual([3, [1_000, 2_000]]);
});

describe('rule D4: a failure of v2 that may pass', () => {
  test.each<[string, Fault[], RegExp]>([
    ['busy', statuses(4, 429), /HTTP 429/],
    ['failing', statuses(4, 503), /HTTP 503/],
    ['blocked', statuses(1, 403), /HTTP 403/],
    ['out of reach', Array.from({ length: 4 }, () => ({ reset: 'before-response' as const })), /probe failed: /],
  ])('says "not known", for half a minute, and no token request is refused: %s', async (_how, faults, reason) => {
    world.emulator.fault('getplatformmetadata', faults);
    const application = world.application();

    expect(await application.getManagedIdentityCapabilities()).toMatchObject({
      source: 'Imds',
      isMtlsPopSupportedByHost: false,
      maxSupportedBindingStrength: 0,
      errorReason: expect.stringMatching(reason) as string,
    });
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
    world.clock.advance(29_000);
    expect(await application.getManagedIdentityCapabilities()).toMatchObject({ isMtlsPopSupportedByHost: false });
    world.clock.advance(1_000);
    expect(await application.getManagedIdentityCapabilities()).toMatchObject({ isMtlsPopSupportedByHost: true });
  });

  test('a version 1 that is busy does not prove that there is nothing: no token request is refused', async () => {
    world.emulator.fault('getplatformmetadata', statuses(1, 404));
    world.emulator.fault('imds-token', statuses(4, 503));
    expect(await query()).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: false });
    await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  });

  test('names IMDS when both versions are busy', async () => {
    world.emulator.fault('getplatformmetadata', statuses(4, 429));
    world.emulator.fault('imds-token', statuses(4, 429));
    expect(await query()).toMatchObject({
      source: 'Imds',
      isMtlsPopSupportedByHost: false,
      errorReason: expect.stringMatching(/IMDSv2: .*429.*IMDSv1: .*429/) as string,
    });
  });
});

test('rule D28: what is found through a transport of its own stays with that application', async () => {
  const answer = { status: 404, headers: {}, body: '' };
  const send = () => Promise.resolve(answer);
  const networkClient = { sendGetRequestAsync: send, sendPostRequestAsync: send } as unknown as INetworkModule;
  const own = world.application({ system: { networkClient } });

  expect(await own.getManagedIdentityCapabilities()).toMatchObject({ source: 'None' });
  expect(own.getManagedIdentitySource()).toBe('None');
  expect(world.application().getManagedIdentitySource()).toBe('DefaultToImds');
  expect(await query()).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: true });
  await expect(world.application().acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
});

describe('strength', () => {
  test('B11: of a KeyGuard host is known without creating a key', async () => {
    const platform = new IsolatedPlatform();
    world.renew(platform);

    expect(await query()).toMatchObject({ maxSupportedBindingStrength: 3, isMtlsPopSupportedByHost: true });
    expect(platform.opened).toEqual([]);
  });

  test('B12: of a host without KeyGuard is Software', async () => {
    expect(await query()).toMatchObject({ maxSupportedBindingStrength: 1, isMtlsPopSupportedByHost: true });
  });

  test('B13: is Software when the key store fails', async () => {
    const platform = new IsolatedPlatform();
    platform.keyStore.strongest = () => Promise.reject(new Error('broken'));
    world.renew(platform);

    expect(await query()).toMatchObject({ maxSupportedBindingStrength: 1, isMtlsPopSupportedByHost: true });
  });

  test('B17: of an environment source is none, without HTTP', async () => {
    const env = { IDENTITY_ENDPOINT: 'http://127.0.0.1:9', IDENTITY_HEADER: 'h' };

    expect(await world.application({}, env).getManagedIdentityCapabilities()).toMatchObject({
      source: 'AppService',
      maxSupportedBindingStrength: 0,
      isMtlsPopSupportedByHost: false,
    });
    expect(world.emulator.journal).toHaveLength(0);
  });
});

describe('a v1 host under Windows', () => {
  const original = Object.getOwnPropertyDescriptor(process, 'platform')!;
  beforeEach(() => {
    Object.defineProperty(process, 'platform', { ...original, value: 'win32' });
    world.emulator.fault('getplatformmetadata', statuses(1, 404));
  });
  afterEach(() => Object.defineProperty(process, 'platform', original));
  const securityType = (type: unknown) =>
    world.emulator.fault('compute', [{ body: { securityProfile: { securityType: type } } }]);

  test('B14: with trusted launch has software strength', async () => {
    expect(await query()).toMatchObject({ source: 'Imds', maxSupportedBindingStrength: 1 });
    expect(legs(world.emulator)).toEqual(['v2-probe', 'v1-probe', 'compute']);
    expect(queryOf(requestOf(world.emulator, 'compute'))).toEqual({ 'api-version': '2021-02-01' });
  });

  test('B15: so has a confidential VM, however it is written', async () => {
    securityType('confidentialvm');
    expect(await query()).toMatchObject({ maxSupportedBindingStrength: 1 });
  });

  test.each(['Standard', '', null, 1])('a VM of another security type has none: %p', async (type) => {
    securityType(type);
    expect(await query()).toMatchObject({ source: 'Imds', maxSupportedBindingStrength: 0 });
  });

  test('when the compute metadata cannot be read there is none', async () => {
    world.emulator.fault('compute', [{ status: 400 }]);
    expect(await query()).toMatchObject({ source: 'Imds', maxSupportedBindingStrength: 0 });
  });
});
