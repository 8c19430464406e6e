/** Bound tokens switched off by MSAL_MI_DISABLE_IMDS_V2 (D32). */
import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { legs } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World, softwareRequest } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const OFF = { MSAL_MI_DISABLE_IMDS_V2: '1' };
const UNNAMED = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true } as const;

test.each(['1', 'true', 'TRUE', ' True '])('rule D32: %j refuses bound tokens before any request', async (value) => {
  const application = world.application({}, { MSAL_MI_DISABLE_IMDS_V2: value });

  expect(await rejection(application.acquireToken(UNNAMED))).toMatchObject({
    errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
    message: expect.stringContaining('MSAL_MI_DISABLE_IMDS_V2') as string,
  });
  expect(await rejection(application.acquireToken(softwareRequest({ minStrength: 0 })))).toMatchObject({
    errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
  });
  expect(await rejection(application.acquireToken(softwareRequest()))).toMatchObject({
    errorCode: 'min_strength_not_met',
    stage: 'key',
    errorMessage: expect.stringContaining('MSAL_MI_DISABLE_IMDS_V2') as string,
    remediation: expect.stringContaining('Unset MSAL_MI_DISABLE_IMDS_V2') as string,
  });
  expect(world.emulator.journal).toEqual([]);
});

test.each(['', '0', 'false', 'yes', 'on'])('rule D32: %j means nothing', async (value) => {
  const application = world.application({}, { MSAL_MI_DISABLE_IMDS_V2: value });
  await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
});

test('rule D32: a token in the cache is not handed out either, and other applications go on', async () => {
  await world.application().acquireToken(softwareRequest());

  expect(await rejection(world.application({}, OFF).acquireToken(softwareRequest()))).toMatchObject({
    errorCode: 'min_strength_not_met',
  });
  expect(await world.application().acquireToken(softwareRequest())).toMatchObject({ fromCache: true });
});

test('rule D32: createMtlsFetch names no floor of its own', async () => {
  const call = createMtlsFetch(world.application({}, OFF), { resource: 'https://vault.azure.net' });
  expect(await rejection(call('https://contoso.vault.azure.net/secrets'))).toMatchObject({
    errorCode: 'mtls_pop_token_not_supported_in_imds_v1',
  });
});

test('rule D32: capabilities keep the source and name the variable, without a probe of version 2', async () => {
  const application = world.application({}, OFF);
  const found = await application.getManagedIdentityCapabilities();

  expect(found).toMatchObject({ source: 'Imds', isMtlsPopSupportedByHost: false, maxSupportedBindingStrength: 0 });
  expect(found.errorReason).toContain('MSAL_MI_DISABLE_IMDS_V2');
  expect(legs(world.emulator)).toEqual(['v1-probe']);
  expect(application.getManagedIdentitySource()).toBe('Imds');
  expect(await world.application().getManagedIdentityCapabilities()).toMatchObject({ isMtlsPopSupportedByHost: true });
});

test('rule D32: an environment without bound tokens keeps its own error', async () => {
  const env = { ...OFF, IDENTITY_ENDPOINT: 'http://127.0.0.1:9', IDENTITY_HEADER: 'h' };
  expect(await rejection(world.application({}, env).acquireToken(UNNAMED))).toMatchObject({
    errorCode: 'mtls_pop_not_supported_for_environment',
  });
});

test('rule D32: the variable is read by the constructor', async () => {
  const application = world.application({}, {});
  process.env['MSAL_MI_DISABLE_IMDS_V2'] = '1';
  try {
    await expect(application.acquireToken(softwareRequest())).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  } finally {
    delete process.env['MSAL_MI_DISABLE_IMDS_V2'];
  }
});
