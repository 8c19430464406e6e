/** Hosts with an isolated key: floors, attested certificates, and what happens to the evidence (D1 to D3, D15, D17). */
import { MsiV2Error } from 'core/errors.js';
import { createSoftwarePlatform } from 'core/platform/software/index.js';
import { EmulatedAttestation, IsolatedPlatform } from '../support/isolated-platform.js';
import { legs, requestOf, requestsOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import type { AttestationProvider } from 'core/public-types.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { VAULT, World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
let platform: IsolatedPlatform;
let attestation: EmulatedAttestation;
beforeEach(() => {
  platform = new IsolatedPlatform();
  world.renew(platform);
  attestation = new EmulatedAttestation(world.emulator, platform);
});

const PLAIN = { resource: VAULT, mtlsProofOfPossession: true } as const;
const ATTESTED = { ...PLAIN, withAttestationSupport: true } as const;
const application = () => world.application({ attestationProvider: attestation });

test('rule D29: an unusable package and a failing key name the call that they ended', async () => {
  const call = { ...ATTESTED, correlationId: 'call-1' };
  const unusable = world.application({ attestationProvider: {} as AttestationProvider });
  expect(await rejection(unusable.acquireToken(call))).toMatchObject({
    errorCode: 'attestation_package_unusable',
    correlationId: 'call-1',
  });
  platform.keyStore.open = () => Promise.reject(new MsiV2Error('key_unavailable', { stage: 'key' }));
  expect(await rejection(application().acquireToken(call))).toMatchObject({
    errorCode: 'key_unavailable',
    correlationId: 'call-1',
  });
});

describe('floor', () => {
  test('L06: the default floor is met by an isolated key', async () => {
    const result = await application().acquireToken(PLAIN);

    expect([result.tokenType, result.binding.strength]).toEqual(['mtls_pop', 3]);
  });

  test('L07: a lower floor selects no weaker key', async () => {
    const result = await application().acquireToken(softwareRequest());

    expect(result.binding.strength).toBe(3);
  });

  test('L08, L10: a software key serves the software floor and the zero floor, without a probe', async () => {
    world.renew();
    for (const minStrength of [1, 0] as const) {
      const result = await world.application().acquireToken({ ...PLAIN, minStrength });
      expect([result.tokenType, result.binding.strength]).toEqual(['mtls_pop', 1]);
    }
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
  });

  test('D13: a software key ends a call with the default floor before metadata and certificate, and is named', async () => {
    world.renew();
    const error = await rejection(world.application().acquireToken(PLAIN));

    expect(error).toMatchObject({ errorCode: 'min_strength_not_met', stage: 'key' });
    expect(error.message).toContain('Software');
    expect(legs(world.emulator)).toEqual([]);
  });

  test('F44: evidence cannot be had for a software key: the call ends before any request', async () => {
    world.renew(createSoftwarePlatform(() => []));
    const call = world.application({ attestationProvider: attestation }).acquireToken({ ...ATTESTED, minStrength: 1 });

    expect(await rejection(call)).toMatchObject({ errorCode: 'credential_guard_requires_cng', stage: 'attestation' });
    expect(legs(world.emulator)).toEqual([]);
  });

  test('D14: when the host loses its isolated keys, the kept certificate is not used for a new token', async () => {
    const app = application();
    await app.acquireToken(PLAIN);
    world.emulator.reset();
    platform.strength = 1;

    expect(await rejection(app.acquireToken({ ...PLAIN, forceRefresh: true }))).toMatchObject({
      errorCode: 'min_strength_not_met',
    });
    expect(legs(world.emulator)).toEqual([]);
  });

  test('a token acquired under one floor is not handed out under another', async () => {
    const app = application();
    await app.acquireToken(softwareRequest());
    const strict = await app.acquireToken(PLAIN);

    expect(strict.fromCache).toBe(false);
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
  });

  test('concurrent calls that differ in their floor share one certificate', async () => {
    const app = application();
    const results = await Promise.all([app.acquireToken(softwareRequest()), app.acquireToken(PLAIN)]);

    expect(new Set(results.map(({ binding }) => binding)).size).toBe(1);
    expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
  });

  test.each([
    ['lower', [1, 3]],
    ['higher', [3, 1]],
  ] as const)(
    'rule D1: of calls that share a mint each insists on its own floor: the %s one first',
    async (_which, floors) => {
      const software = createSoftwarePlatform(() => []);
      const keyStore = { ...software.keyStore, strongest: () => Promise.resolve(MtlsBindingStrength.KeyGuard) };
      world.renew({ ...software, keyStore }); // A host whose isolated key turns out not to be there.
      const app = world.application();
      const outcomes = await Promise.allSettled(
        floors.map((minStrength) => app.acquireToken({ ...PLAIN, minStrength })),
      );

      expect(outcomes[floors.findIndex((floor) => floor === 1)]).toMatchObject({
        status: 'fulfilled',
        value: { binding: { strength: 1 } },
      });
      expect(outcomes[floors.findIndex((floor) => floor === 3)]).toMatchObject({
        status: 'rejected',
        reason: { errorCode: 'min_strength_not_met', stage: 'key' },
      });
      expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(1);
    },
  );
});

describe('attested certificates', () => {
  test('the evidence goes into the certificate request, once', async () => {
    await application().acquireToken(ATTESTED);

    expect(legs(world.emulator)).toEqual(['metadata', 'attest', 'issuecredential', 'token']);
    const { token } = JSON.parse(requestOf(world.emulator, 'attest').responseBody!) as { token: string };
    const body = JSON.parse(requestOf(world.emulator, 'issuecredential').body!) as { attestation_token: string };
    expect(body.attestation_token).toBe(token);
    expect(attestation.calls).toHaveLength(1);
  });

  test('I18: attested and unattested certificates are separate, also when a refresh is forced', async () => {
    const app = application();
    const attested = await app.acquireToken(ATTESTED);
    const plain = await app.acquireToken({ ...PLAIN, forceRefresh: true });
    expect(plain.bindingCertificate.x5tS256).not.toBe(attested.bindingCertificate.x5tS256);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(2);

    const again = await app.acquireToken({ ...ATTESTED, forceRefresh: true });
    expect(again.bindingCertificate.x5tS256).toBe(attested.bindingCertificate.x5tS256);
    expect(requestsOf(world.emulator, 'issuecredential')).toHaveLength(2);
  });

  test('I19: an attested token does not serve an unattested call, nor the other way round', async () => {
    const app = application();
    await app.acquireToken(ATTESTED);
    expect((await app.acquireToken(PLAIN)).fromCache).toBe(false);
    expect((await app.acquireToken(PLAIN)).fromCache).toBe(true);
    expect((await app.acquireToken(ATTESTED)).fromCache).toBe(true);
  });

  test('an unattested mint asks nobody for evidence', async () => {
    await application().acquireToken(PLAIN);

    expect(attestation.calls).toEqual([]);
    expect(requestOf(world.emulator, 'issuecredential').body).not.toContain('attestation_token');
  });

  test('C25: an attestation endpoint that is not an https URL ends an attested call before any evidence is made', async () => {
    for (const endpoint of ['no url', 'http://attestation.example', 'ftp://x', '', null, 1]) {
      world.renew(platform);
      world.emulator.fault('getplatformmetadata', [{ patch: { attestationEndpoint: endpoint } }]);
      expect(await rejection(application().acquireToken(ATTESTED))).toMatchObject({
        errorCode: 'managed_identity_request_failed',
        stage: 'metadata',
        httpStatus: 200,
      });
    }
    expect(attestation.calls).toEqual([]);
  });

  test('rule D16: evidence goes to no host that MSAL_MI_IMDSV2_ALLOWED_HOSTS does not allow', async () => {
    const allowing = (hosts: string) =>
      world.application({ attestationProvider: attestation }, { MSAL_MI_IMDSV2_ALLOWED_HOSTS: hosts });
    for (const host of ['maa.example', 'localhost.example', 'evil-localhost', 'localhost.']) {
      world.emulator.fault('getplatformmetadata', [{ patch: { attestationEndpoint: `https://${host}/` } }]);
      const error = await rejection(allowing('localhost').acquireToken(ATTESTED));
      expect(error).toMatchObject({ errorCode: 'managed_identity_request_failed', stage: 'metadata', httpStatus: 200 });
      expect(error.message).toContain(`the host ${host}, which MSAL_MI_IMDSV2_ALLOWED_HOSTS`);
    }
    expect(attestation.calls).toEqual([]);
    expect(legs(world.emulator)).not.toContain('issuecredential');

    // What asks for no evidence does not look at it.
    world.emulator.fault('getplatformmetadata', [{ patch: { attestationEndpoint: 'https://maa.example/' } }]);
    await allowing('localhost').acquireToken(PLAIN);
    await allowing('localhost,*.example').acquireToken(ATTESTED);
    expect(attestation.calls).toHaveLength(1);
  });

  test('K06: a forced token keeps certificate and evidence', async () => {
    const app = application();
    await app.acquireToken(ATTESTED);
    world.emulator.reset();
    await app.acquireToken({ ...ATTESTED, forceRefresh: true });

    expect(legs(world.emulator)).toEqual(['token']);
    expect(attestation.calls).toHaveLength(1);
  });
});

describe('evidence across a re-mint', () => {
  const refuseOnce = (error: string, code: number) =>
    world.emulator.fault('token', [
      { oauthError: { error, error_description: `AADSTS${code}: refused.`, error_codes: [code] } },
    ]);

  test('J50: is reused for another certificate, unless the refusal was about it', async () => {
    await application().acquireToken(ATTESTED);
    for (const [code, forceRefresh] of [
      [1000901, false],
      [7000218, false],
      [1000610, true],
      [1000614, true],
    ] as const) {
      refuseOnce('invalid_client', code);
      attestation.calls.length = 0;
      await application().acquireToken({ ...ATTESTED, forceRefresh: true });
      expect(attestation.calls).toMatchObject([{ forceRefresh }]);
    }
  });

  test('the key is probed before each mint, and only then', async () => {
    const probes = () => platform.opened.filter(({ verify }) => verify).length;
    await application().acquireToken(ATTESTED);
    await application().acquireToken({ ...ATTESTED, forceRefresh: true });
    expect(probes()).toBe(1);

    refuseOnce('invalid_client', 7000218);
    await application().acquireToken({ ...ATTESTED, forceRefresh: true });
    expect(probes()).toBe(2);
  });
});
