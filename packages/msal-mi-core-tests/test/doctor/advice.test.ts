/** The doctor gives the advice that the thrown error gives, for the same answer: they share one table (D8, D29). */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { startEmulator, type Fault, type FaultLeg } from 'msal-mi-emulator';
import { parseDoctorOptions } from 'core/cli/doctor/options.js';
import { runDoctor } from 'core/cli/doctor/run-doctor.js';
import { run } from './run-doctor.mjs';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { withEnvironment } from '../support/world.js';

const packageFile = createRequire(import.meta.url).resolve('msal-mi-core/package.json');
const DOCTOR = join(dirname(packageFile), 'bin/msal-mi-core.mjs');

interface Check {
  readonly id: string;
  readonly status: string;
  readonly evidence: string;
  readonly fix: string;
}

const emulator = await untilTheEnd(startEmulator());
beforeEach(() => emulator.reset());

async function checksOf(...args: string[]): Promise<Map<string, Check>> {
  const { output } = await run(DOCTOR, ['doctor', '--json', ...args], emulator.env);
  const { checks } = JSON.parse(output) as { checks: readonly Check[] };
  return new Map(checks.map((check) => [check.id, check]));
}

/** The checks that need no certificate authority of the emulator, and so no process of their own. */
async function runInProcess(): Promise<Map<string, Check>> {
  const options = parseDoctorOptions([], { isTty: false, noColour: true });
  const { checks } = await withEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.imdsUrl }, () =>
    runDoctor(options, () => undefined),
  );
  return new Map(checks.map((check) => [check.id, check]));
}

function thrown() {
  const app = withEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: emulator.imdsUrl }, () => {
    return new ManagedIdentityApplication({ system: { ca: emulator.ca, disableInternalRetries: true } });
  });
  app.clearCache();
  const resource = 'https://vault.azure.net';
  const minStrength = MtlsBindingStrength.Software;
  return rejection(app.acquireToken({ resource, mtlsProofOfPossession: true, minStrength }));
}

const HEAD = ['several-identities', 'identity-not-found', 'no-user-assigned-identity'] as const;
const MORE = ['identity-not-assigned', 'identity-not-yet-assigned'] as const;

it.each<[id: string, fault: Fault]>([
  ...[...HEAD, ...MORE].map((refusal) => ['identity', { refusal }] satisfies [string, Fault]),
  ['imds-v2', { refusal: 'too-many-requests' }],
  ['imds-v2', { refusal: 'forbidden-by-pod-identity' }],
  ['imds-v2', { status: 404 }],
  ['imds-v2', { status: 400, body: { error: 'invalid_request', error_description: 'The version was not found' } }],
])('rule D29: the check %s and the error give the same advice when IMDS answers %j', async (id, fault) => {
  const outage = emulator.outage('getplatformmetadata', fault);
  const checks = await runInProcess();
  const error = await thrown();
  expect(outage.met).toBe(2);

  expect(checks.get(id)).toMatchObject({ status: 'fail', fix: error.remediation });
  expect(checks.get(id)?.fix).not.toBe('');
  // An unassigned identity is not a missing version 2 (D8).
  expect(checks.get('imds-v2')?.status).toBe(id === 'identity' ? 'pass' : 'fail');
});

it.each<[FaultLeg, Fault]>([
  ['token', { refusal: 'AADSTS392196' }],
  ['issuecredential', { status: 400, body: { error: 'bad_request', message: 'Attestation token is missing' } }],
])('rule D29: doctor --deep and the error give the same advice when %s answers %j', async (leg, fault) => {
  emulator.outage(leg, fault);
  const check = (await checksOf('--deep')).get('token');
  const error = await thrown();

  expect(check).toMatchObject({ status: 'fail', fix: error.remediation });
  expect(check?.fix).not.toBe('');
});

describe('doctor --url', () => {
  const answering = async (fault: Fault) => {
    const { handshake } = emulator.resources;
    emulator.outage('resource', fault);
    return (await checksOf('--deep', '--resource', handshake, '--url', `${handshake}/hello`)).get('resource');
  };

  it.each<[NonNullable<Fault['refusal']>, RegExp]>([
    ['MtlsMissingClientCertificate', /without the certificate of its token/],
    ['MtlsCnfClaimRequestDataValidationFailed', /not the one the token is bound to/],
    ['bound-token-as-bearer', /sent as a bearer token/],
  ])('rule D30: says what %s means', async (refusal, meaning) => {
    const check = await answering({ refusal });
    expect(check?.status).toBe('fail');
    expect(check?.evidence).toMatch(meaning);
    expect(check?.fix).not.toBe('');
  });
});
