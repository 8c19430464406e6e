/** Which requests go where, and which go nowhere (D1 to D6). */
import type { INetworkModule, MtlsPopRequestParams } from 'core/public-types.js';
import { legs, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest, withEnvironment } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const ENDPOINT = 'http://127.0.0.1:9/never-asked';
const APP_SERVICE = { IDENTITY_ENDPOINT: ENDPOINT, IDENTITY_HEADER: 'h' };

/** Scripts what a capability query finds. */
function noV2(): void {
  world.emulator.fault('getplatformmetadata', [{ status: 404 }]);
}
function noV1(): void {
  world.emulator.fault('imds-token', [{ status: 404 }]);
}

describe('environments without bound tokens', () => {
  test('A08: on App Service a bound request is refused without HTTP', async () => {
    const error = await rejection(world.application({}, APP_SERVICE).acquireToken(softwareRequest()));

    expect(error).toMatchObject({ errorCode: 'mtls_pop_not_supported_for_environment', retryable: false });
    expect(error.message).toContain('AppService');
    expect(world.emulator.journal).toHaveLength(0);
  });

  test('A09: so it is on Service Fabric, Cloud Shell, Azure Arc and Machine Learning', async () => {
    const environments = {
      ServiceFabric: { ...APP_SERVICE, IDENTITY_SERVER_THUMBPRINT: 't' },
      CloudShell: { MSI_ENDPOINT: ENDPOINT },
      AzureArc: { IDENTITY_ENDPOINT: ENDPOINT, IMDS_ENDPOINT: ENDPOINT },
      MachineLearning: { MSI_ENDPOINT: ENDPOINT, MSI_SECRET: 's' },
    };
    for (const [source, env] of Object.entries(environments)) {
      const application = world.application({}, env);
      const error = await rejection(application.acquireToken(softwareRequest()));

      expect(error.errorCode).toBe('mtls_pop_not_supported_for_environment');
      expect(error.message).toContain(source);
      expect(application.getManagedIdentitySource()).toBe(source);
    }
    expect(world.emulator.journal).toHaveLength(0);
  });

  test('L11: the environment is the reason also when a floor is asked for', async () => {
    const application = world.application({}, APP_SERVICE);

    for (const minStrength of [1, 3] as const) {
      expect(await rejection(application.acquireToken(softwareRequest({ minStrength })))).toMatchObject({
        errorCode: 'mtls_pop_not_supported_for_environment',
      });
    }
  });

  test('the environment is the reason also when attestation is asked for and nobody can provide it', async () => {
    const application = world.application({ attestationProvider: {} as never }, APP_SERVICE);

    expect(await rejection(application.acquireToken(softwareRequest({ withAttestationSupport: true })))).toMatchObject({
      errorCode: 'mtls_pop_not_supported_for_environment',
    });
  });
});

test('A10: a bound request goes straight to v2, without any probe', async () => {
  await world.application().acquireToken(softwareRequest());

  expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token']);
});

test('A14, L13: where only v1 was discovered a bound request is refused without HTTP, whatever its floor', async () => {
  const application = world.application();
  noV2();
  await application.getManagedIdentityCapabilities();
  const asked = world.emulator.journal.length;

  world.clock.advance(59_000);
  for (const minStrength of [0, 1, 3] as const) {
    expect(await rejection(application.acquireToken(softwareRequest({ minStrength })))).toMatchObject({
      errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
    });
  }
  expect(world.emulator.journal).toHaveLength(asked);
  world.clock.advance(1_000);
  await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
});

test('A16, L12: where nothing was discovered any request is refused with both reasons, without HTTP', async () => {
  const application = world.application();
  noV2();
  noV1();
  await application.getManagedIdentityCapabilities();
  const asked = world.emulator.journal.length;

  for (const request of [softwareRequest(), softwareRequest({ minStrength: 3 })]) {
    const error = await rejection(application.acquireToken(request));
    expect(error.errorCode).toBe('managed_identity_all_sources_unavailable');
    expect(error.message).toMatch(/IMDSv2: .*404.*IMDSv1: .*404/);
  }
  expect(await rejection(application.acquireToken({ resource: 'https://vault.azure.net' }))).toMatchObject({
    errorCode: 'managed_identity_all_sources_unavailable',
    errorMessage: expect.stringMatching(/IMDSv2: .*404.*IMDSv1: .*404/) as string,
  });
  expect(world.emulator.journal).toHaveLength(asked);
});

test('rule D4: a host where nothing was found is asked again after half a minute', async () => {
  const application = world.application();
  noV2();
  noV1();
  await application.getManagedIdentityCapabilities();
  world.clock.advance(30_000);

  await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
});

test('A18: whatever fails in a bound request, v1 is never asked', async () => {
  const failures = [
    () => world.emulator.fault('getplatformmetadata', [{ status: 400 }]),
    () =>
      world.emulator.fault(
        'getplatformmetadata',
        Array.from({ length: 4 }, () => ({ status: 404 })),
      ),
    () => world.emulator.fault('issuecredential', [{ status: 403 }]),
    () => world.emulator.fault('token', [{ oauthError: { error: 'unauthorized_client' } }]),
    () => world.emulator.fault('token', [{ mutate: 'bearer-token-type' }]),
  ];
  for (const fail of failures) {
    world.renew();
    fail();
    await rejection(world.application().acquireToken(softwareRequest()));

    expect(requestsOf(world.emulator, 'v1')).toEqual([]);
  }
});

test('A19: a host without KeyGuard refuses the default floor before any HTTP, and names what it has', async () => {
  const request: MtlsPopRequestParams = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true };
  const error = await rejection(world.application().acquireToken(request));

  expect(error).toMatchObject({ errorCode: 'min_strength_not_met', stage: 'key' });
  expect(error.message).toMatch(/Software.*KeyGuard/);
  expect(world.emulator.journal).toHaveLength(0);
});

test('A20: missing and malformed arguments are typed errors before any HTTP', async () => {
  const application = world.application();
  const calls: unknown[] = [undefined, null, 'text', { ...softwareRequest(), minStrength: null }];
  for (const call of calls) {
    expect(await rejection(application.acquireToken(call as MtlsPopRequestParams))).toMatchObject({
      errorCode: 'invalid_request',
    });
  }
  expect(world.emulator.journal).toHaveLength(0);
});

test('an authority that cannot be read is refused before any HTTP, also behind one that can', async () => {
  const garbage = '-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';
  for (const ca of [
    garbage,
    '-----BEGIN CERTIFICATE-----',
    `${world.emulator.ca}${garbage}`,
    [world.emulator.ca, garbage],
  ]) {
    const call = world.application({ system: { ca } }).acquireToken(softwareRequest());
    expect(await rejection(call)).toMatchObject({
      errorCode: 'invalid_configuration',
      errorMessage: expect.stringContaining('system.ca') as string,
    });
  }
  expect(world.emulator.journal).toEqual([]);
});

test('A21: a bound request without attestation yields a bound token, or the error of the service, never a bearer token', async () => {
  const bound = await world.application().acquireToken(softwareRequest());
  expect(bound.tokenType).toBe('mtls_pop');

  world.renew();
  const text = 'Attestation Token is missing / empty in the issue credential request';
  world.emulator.fault('issuecredential', [
    { status: 400, body: { error: 'invalid_request', error_description: text } },
  ]);
  expect((await rejection(world.application().acquireToken(softwareRequest()))).message).toContain(text);
  expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential']);
});

test('A22: attestation without proof of possession is refused before any HTTP', async () => {
  const request = { resource: 'https://vault.azure.net', withAttestationSupport: true };

  expect(await rejection(world.application().acquireToken(request))).toMatchObject({
    errorCode: 'attestation_requires_pop',
  });
  expect(world.emulator.journal).toHaveLength(0);
});

describe('address of the metadata service', () => {
  test('A23, A24: both legs go to the override; its path is replaced', async () => {
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: ` ${world.emulator.imdsUrl}/some/prefix/ ` };
    await world.application({}, env).acquireToken(softwareRequest());

    const paths = world.emulator.journal.filter(({ leg }) => leg === 'imds').map(({ url }) => url.split('?')[0]);
    expect(paths).toEqual(['/metadata/identity/getplatformmetadata', '/metadata/identity/issuecredential']);
  });

  test('A25: an empty override means the well-known address', async () => {
    const asked = recorder();
    const env = { AZURE_POD_IDENTITY_AUTHORITY_HOST: '' };
    await rejection(
      world.application({ system: { networkClient: asked.client } }, env).acquireToken(softwareRequest()),
    );

    expect(asked.origins).toEqual(['http://169.254.169.254']);
  });

  test('A27: the override counts when an application is made: a change meets later applications only', async () => {
    const application = world.application();
    const elsewhere = { AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://elsewhere.example' };
    const asked = recorder();

    const result = await withEnvironment(elsewhere, () => application.acquireToken(softwareRequest()));
    expect(result.tokenType).toBe('mtls_pop');
    await rejection(
      world.application({ system: { networkClient: asked.client } }, elsewhere).acquireToken(softwareRequest()),
    );
    expect(asked.origins).toEqual(['http://elsewhere.example']);
  });
});

/** A network client that refuses everything and remembers where it was sent. */
function recorder(): { client: INetworkModule; origins: string[] } {
  const origins: string[] = [];
  const refuse = (url: string) => {
    origins.push(new URL(url).origin);
    return Promise.resolve({ status: 400, headers: {}, body: {} });
  };
  return {
    origins,
    client: { sendGetRequestAsync: refuse, sendPostRequestAsync: refuse } as unknown as INetworkModule,
  };
}
