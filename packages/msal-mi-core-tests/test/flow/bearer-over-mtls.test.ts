/** Bearer tokens that are acquired with the certificate (D33). */
import { inspect } from 'node:util';
import type { MtlsBearerRequestParams } from 'core/public-types.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { EmulatedAttestation, IsolatedPlatform } from '../support/isolated-platform.js';
import { formOf, legs, requestOf, requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, withEnvironment, World } from '../support/world.js';

const HOUR_MS = 3_600_000;

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const arm = () => world.emulator.resources.arm;
const request = (overrides: Partial<MtlsBearerRequestParams> = {}): MtlsBearerRequestParams => ({
  resource: arm(),
  requestOverMtls: true,
  minStrength: MtlsBindingStrength.Software,
  ...overrides,
}); /** With the floor that a request has when it names none. */
function withDefaultFloor(overrides: Partial<MtlsBearerRequestParams> = {}): MtlsBearerRequestParams {
  const named = request(overrides);
  delete named.minStrength;
  return named;
}

test('rule D33: the same steps and the same certificate end in a bearer token that is bound to nothing', async () => {
  const application = world.application();
  const bound = await application.acquireToken(softwareRequest());
  const result = await application.acquireToken(request());

  expect(legs(world.emulator)).toEqual(['metadata', 'issuecredential', 'token', 'token']);
  const asked = requestsOf(world.emulator, 'token')[1]!;
  expect(formOf(asked)).toMatchObject({ token_type: 'bearer', scope: `${arm()}/.default` });
  expect(asked.clientCertificateS256).toBe(bound.bindingCertificate.x5tS256);
  expect(result).toMatchObject({ tokenType: 'Bearer', resource: arm(), fromCache: false });
  expect(result).not.toHaveProperty('binding');
  expect(result).not.toHaveProperty('bindingCertificate');
  expect(jwtClaims(result.accessToken)['cnf']).toBeUndefined();
});

test('rule D33: it is printed without the token', async () => {
  const result = await world.application().acquireToken(request());
  expect(inspect(result) + JSON.stringify(result)).not.toContain(result.accessToken);
});

test('rule D33: bound, over mutual TLS and plain are three tokens of one resource, each kept for itself', async () => {
  const { handshake: resource } = world.emulator.resources;
  const application = world.application();
  const acquire = async () => [
    await application.acquireToken(softwareRequest({ resource })),
    await application.acquireToken(request({ resource })),
    // msal-node reads the environment whenever it acquires a token.
    await withEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: world.emulator.imdsUrl }, () =>
      application.acquireToken({ resource, forceRefresh: true }),
    ),
  ];
  const first = await acquire();
  const again = await acquire();

  expect(first.map(({ tokenType }) => tokenType)).toEqual(['mtls_pop', 'Bearer', 'Bearer']);
  expect(new Set(first.map(({ accessToken }) => accessToken)).size).toBe(3);
  const tokensOfFlow = [first, again].map((results) => results.slice(0, 2).map(({ accessToken }) => accessToken));
  expect(tokensOfFlow[1]).toEqual(tokensOfFlow[0]);
  expect(again.slice(0, 2).map(({ fromCache }) => fromCache)).toEqual([true, true]);
  expect(world.requests()).toMatchObject({ issuecredential: 1, token: 2 });
});

test('rule D33: a refusal of bound tokens stays the refusal of a bound token, with the advice to ask for another', async () => {
  const error = await rejection(world.application().acquireToken(softwareRequest({ resource: arm() })));

  expect(error).toMatchObject({ stage: 'token', aadstsCode: '392196' });
  expect(formOf(requestOf(world.emulator, 'token'))['token_type']).toBe('mtls_pop');
});

test.each(['mtls_pop', undefined])('rule D33: an answer of type %s is not a bearer token', async (type) => {
  world.emulator.fault('token', [{ patch: { token_type: type ?? null } }]);
  const error = await rejection(world.application().acquireToken(request()));
  expect(error).toMatchObject({ errorCode: type === undefined ? 'token_type_missing' : 'token_type_mismatch' });
  expect((await world.application().acquireToken(request())).fromCache).toBe(false);
});

test('rule D33: the flags exclude one another, before anything is asked for', async () => {
  const both = { ...softwareRequest(), requestOverMtls: true } as unknown as MtlsBearerRequestParams;
  for (const options of [both, request({ requestOverMtls: 'true' as never })]) {
    expect(await rejection(world.application().acquireToken(options))).toMatchObject({ errorCode: 'invalid_request' });
  }
  expect(world.emulator.journal).toEqual([]);
});

test('rule D33: the floor counts, and its default is KeyGuard', async () => {
  const unnamed = withDefaultFloor();
  const error = await rejection(world.application().acquireToken(unnamed));
  expect(error).toMatchObject({ errorCode: 'min_strength_not_met' });
  expect(world.requests().token).toBe(0);
});

test('rule D33: with attestation the certificate is an attested one', async () => {
  const platform = new IsolatedPlatform();
  world.renew(platform);
  const attestationProvider = new EmulatedAttestation(world.emulator, platform);
  const application = world.application({ attestationProvider });
  const attested = withDefaultFloor({ withAttestationSupport: true });

  expect(await application.acquireToken(attested)).toMatchObject({ tokenType: 'Bearer' });
  expect(world.requests()).toMatchObject({ attestation: 1, issuecredential: 1 });
  expect(await application.acquireToken(attested)).toMatchObject({ fromCache: true });
});

test('rule D33: a stale certificate is replaced, once', async () => {
  const application = world.application();
  const first = await application.acquireToken(request());
  world.emulator.fault('token', [{ oauthError: { error: 'invalid_request', error_codes: [1000901] } }]);
  const healed = await application.acquireToken(request({ forceRefresh: true }));

  expect(healed.accessToken).not.toBe(first.accessToken);
  const [one, , two] = requestsOf(world.emulator, 'token').map(({ clientCertificateS256 }) => clientCertificateS256);
  expect(two).not.toBe(one);
  expect(world.requests()).toMatchObject({ issuecredential: 2, token: 3 });
});

test('rule D33: what is due is refreshed in the background, and throttling holds the next request back', async () => {
  const application = world.application();
  world.emulator.fault('token', [{ patch: { refresh_in: 3_600 } }]);
  const first = await application.acquireToken(request());
  world.clock.advance(2 * HOUR_MS);
  const refreshed = nextBackgroundWork('token-refresh');
  expect(await application.acquireToken(request())).toMatchObject({ fromCache: true, accessToken: first.accessToken });
  expect((await refreshed).status).toBe('end');
  expect((await application.acquireToken(request())).accessToken).not.toBe(first.accessToken);

  world.emulator.fault('token', [{ status: 429, retryAfter: { seconds: 60 } }]);
  const forced = request({ forceRefresh: true });
  await rejection(application.acquireToken(forced));
  await rejection(application.acquireToken(forced));
  expect(world.requests().token).toBe(3);
  // Another kind of token is another request.
  await application.acquireToken(softwareRequest({ resource: world.emulator.resources.handshake }));
  expect(world.requests().token).toBe(4);
});

test('rule D33: calls that come at once are one', async () => {
  const application = world.application();
  const results = await Promise.all(Array.from({ length: 20 }, () => application.acquireToken(request())));
  expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
  expect(world.requests()).toMatchObject({ metadata: 1, issuecredential: 1, token: 1 });
});

test('rule D32: the switch that turns bound tokens off turns these off', async () => {
  const application = world.application({}, { MSAL_MI_DISABLE_IMDS_V2: '1' });
  const unnamed = withDefaultFloor();
  expect(await rejection(application.acquireToken(unnamed))).toMatchObject({
    errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
  });
  expect(world.emulator.journal).toEqual([]);
});

test('D20: claims of the client go with it', async () => {
  await world.application().acquireToken(request({ claimsFromClient: '{"access_token":{"x":{"essential":true}}}' }));
  expect(formOf(requestOf(world.emulator, 'token'))['claims']).toContain('"x"');
});
