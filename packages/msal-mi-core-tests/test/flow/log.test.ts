/** What the log says of an acquisition, at every level (D34). */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { boundClient, GRAPH_SCOPES } from '../support/fic.js';
import { EmulatedAttestation, IsolatedPlatform } from '../support/isolated-platform.js';
import { formOf, requestsOf } from '../support/journal.js';
import { nextBackgroundWork } from '../support/diagnostics.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, VAULT, World } from '../support/world.js';

const PROGRAM = resolve(import.meta.dirname, 'programs/acquire-cold.mjs');
const LEVEL = { error: 0, warning: 1, info: 2, verbose: 3, trace: 4 } as const;
const HOUR_MS = 3_600_000;

interface Line {
  readonly level: number;
  readonly text: string;
  readonly pii: boolean;
}

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

/** A system section whose logger collects what it is given. */
function logging(logLevel: number = LEVEL.trace, piiLoggingEnabled = false) {
  const lines: Line[] = [];
  const loggerCallback = (level: number, text: string, pii: boolean) => lines.push({ level, text, pii });
  return { lines, system: { loggerOptions: { logLevel, piiLoggingEnabled, loggerCallback } } };
}
const textsOf = (lines: readonly Line[], level: number) =>
  lines.filter((line) => line.level === level).map(({ text }) => text);
const call = { correlationId: 'call-1' };

test('rule D34: a cold acquisition at verbose has one line for each exchange: stage, host, path, status, duration, id', async () => {
  const { lines, system } = logging(LEVEL.verbose);
  await world.application({ system }).acquireToken(softwareRequest(call));

  const { journal, imdsUrl, tokenUrl, tenantId } = world.emulator;
  const [imds, token] = [new URL(imdsUrl).host, new URL(tokenUrl).host];
  const expected = [
    `metadata: GET ${imds}/metadata/identity/getplatformmetadata answered 200`,
    `issuecredential: POST ${imds}/metadata/identity/issuecredential answered 200`,
    `token: POST ${token}/${tenantId}/oauth2/v2.0/token answered 200`,
  ];
  const verbose = textsOf(lines, LEVEL.verbose);
  expect(verbose).toHaveLength(journal.length);
  expected.forEach((start, at) => {
    expect(verbose[at]).toMatch(new RegExp(`^\\[msal-mi\\] ${start} in \\d+ ms \\(call-1\\)$`));
  });
  expect(textsOf(lines, LEVEL.trace)).toEqual([]);
});

test.each([
  ['info', 1],
  ['warning', 0],
  ['error', 0],
] as const)('rule D34: a cold acquisition at %s has %i line', async (level, count) => {
  const { lines, system } = logging(LEVEL[level]);
  const { bindingCertificate, expiresOn } = await world.application({ system }).acquireToken(softwareRequest(call));

  expect(lines).toHaveLength(count);
  for (const { text } of lines) {
    for (const part of [VAULT, 'network', expiresOn.toISOString(), bindingCertificate.x5tS256, 'call-1'])
      expect(text).toContain(part);
  }
});

test('rule D34: a token from the cache is one info line that says so, and trace tells what the caches had', async () => {
  const { lines, system } = logging();
  const application = world.application({ system });
  await application.acquireToken(softwareRequest());
  expect(textsOf(lines, LEVEL.trace)).toEqual([
    `[msal-mi] token cache: no mtls_pop token for ${VAULT}`,
    '[msal-mi] binding cache: none to reuse',
  ]);

  lines.length = 0;
  await application.acquireToken(softwareRequest());
  expect(lines).toHaveLength(1);
  expect(textsOf(lines, LEVEL.info)[0]).toContain('from the cache');

  lines.length = 0;
  const { bindingCertificate } = await application.acquireToken(
    softwareRequest({ resource: 'https://graph.microsoft.com' }),
  );
  expect(textsOf(lines, LEVEL.trace)).toContain(`[msal-mi] binding cache: certificate ${bindingCertificate.x5tS256}`);
});

test('rule D34: an attested acquisition has a line for the attestation, with the host and the duration', async () => {
  const platform = new IsolatedPlatform();
  world.renew(platform);
  const { lines, system } = logging(LEVEL.verbose);
  const attestationProvider = new EmulatedAttestation(world.emulator, platform);
  const request = { resource: VAULT, mtlsProofOfPossession: true, withAttestationSupport: true, ...call } as const;
  await world.application({ attestationProvider, system }).acquireToken(request);

  const { host } = new URL(world.emulator.maaUrl);
  const verbose = textsOf(lines, LEVEL.verbose).filter((text) => text.includes(' attestation: '));
  expect(verbose).toHaveLength(1);
  expect(verbose[0]).toMatch(new RegExp(`at ${host} succeeded in \\d+ ms \\(call-1\\)$`));
});

test('rule D34: every attempt has its line, a retry is info, and a failure names the host and is one error line', async () => {
  world.emulator.fault('getplatformmetadata', [{ status: 503 }, { status: 410 }]);
  const dead = net.createServer().listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const { port } = dead.address() as net.AddressInfo;
  dead.close();
  world.emulator.fault('issuecredential', [{ patch: { mtls_authentication_endpoint: `https://localhost:${port}` } }]);
  const { lines, system } = logging(LEVEL.verbose);
  await rejection(world.application({ system }).acquireToken(softwareRequest(call)));

  const verbose = textsOf(lines, LEVEL.verbose);
  for (const part of [' answered 503 ', ' answered 410 ', `localhost:${port}/`]) {
    expect(verbose.filter((text) => text.includes(part)).length).toBeGreaterThan(0);
  }
  expect(verbose.at(-1)).toMatch(/ failed \(ECONNREFUSED\) in \d+ ms \(call-1\)$/);
  expect(textsOf(lines, LEVEL.info)).toHaveLength(2);
  const errors = textsOf(lines, LEVEL.error);
  expect(errors).toHaveLength(1);
  for (const part of ['managed_identity_unreachable_network', `localhost:${port}`, 'call-1'])
    expect(errors[0]).toContain(part);
});

test('rule D34: throttling, healing, renewal and refused capabilities are warnings or info', async () => {
  const { lines, system } = logging(LEVEL.info);
  const application = world.application({ system: { ...system, disableInternalRetries: true } });
  await application.acquireToken(softwareRequest());
  const important = () =>
    lines
      .splice(0)
      .map(({ text }) => text)
      .join('\n');
  important();

  world.emulator.fault('token', [{ status: 429, retryAfter: { seconds: 7 }, body: '' }]);
  await rejection(application.acquireToken(softwareRequest({ forceRefresh: true })));
  expect(important()).toContain('wait 7 s');
  world.clock.advance(60_000);

  world.emulator.fault('token', [{ refusal: 'AADSTS1000901' }]);
  await application.acquireToken(softwareRequest({ forceRefresh: true }));
  expect(important()).toContain('AADSTS1000901');

  world.clock.advance(100 * HOUR_MS);
  const renewed = nextBackgroundWork('certificate-renewal');
  await application.acquireToken(softwareRequest());
  await renewed;
  expect(important()).toContain('certificate-renewal succeeded');

  world.emulator.outage(['getplatformmetadata', 'imds-token'], { status: 500 });
  await application.getManagedIdentityCapabilities({ refresh: true });
  expect(important()).toContain('IMDSv2: probe failed with HTTP 500');
});

test('rule D34: names of identities are personal data, and in no other line', async () => {
  const [identity] = world.emulator.identities;
  const { clientId = '', resourceId = '' } = identity ?? {};
  const managedIdentityIdParams = { userAssignedResourceId: resourceId };
  for (const isPiiAllowed of [false, true]) {
    world.renew();
    const { lines, system } = logging(LEVEL.trace, isPiiAllowed);
    await world.application({ managedIdentityIdParams, system }).acquireToken(softwareRequest());
    const naming = lines.filter(
      ({ text }) => text.includes(clientId) || text.includes(resourceId.split('/').at(-1) ?? ''),
    );
    expect(naming.map(({ pii }) => pii)).toEqual(isPiiAllowed ? [true] : []);
  }
});

test('rule D34: no line at any level holds a token, an assertion, a CSR, evidence, a certificate or claims', async () => {
  const platform = new IsolatedPlatform();
  world.renew(platform);
  const { lines, system } = logging(LEVEL.trace, true);
  const attestationProvider = new EmulatedAttestation(world.emulator, platform);
  const application = world.application({ attestationProvider, system });
  const claims = JSON.stringify({ access_token: { acrs: { values: ['claims-secret-value'] } } });
  const request = { resource: VAULT, mtlsProofOfPossession: true, withAttestationSupport: true, claims } as const;
  await application.acquireToken(request);
  const client = boundClient(
    world,
    {
      auth: {
        clientAssertion: async () => {
          const { accessToken, binding } = await application.acquireToken({
            ...request,
            resource: 'api://AzureADTokenExchange',
          });
          return {
            assertion: accessToken,
            assertionType: 'urn:ietf:params:oauth:client-assertion-type:jwt-pop',
            binding,
          };
        },
      },
      system,
    },
    platform,
  );
  await client.acquireTokenByClientCredential({ scopes: GRAPH_SCOPES, mtlsProofOfPossession: true, claims });

  const { journal } = world.emulator;
  const secrets = journal.flatMap(({ body = '', responseBody = '' }) => [
    ...(responseBody.match(/"(?:access_token|certificate|token)":\s*"([^"]{40,})"/)?.slice(1) ?? []),
    ...(body.match(/"(?:csr|attestation_token)":"([^"]+)"/g)?.map((member) => member.split('"')[3] ?? '') ?? []),
  ]);
  const assertions = requestsOf(world.emulator, 'token').map((entry) => formOf(entry)['client_assertion'] ?? '');
  const all = [...secrets, ...assertions.filter((text) => text !== '')];
  expect(all.length).toBeGreaterThanOrEqual(6);
  expect(lines.length).toBeGreaterThan(8);
  for (const { text } of lines) {
    for (const secret of [...all.map((text) => text.slice(0, 40)), 'claims-secret-value', 'eyJ'])
      expect(text).not.toContain(secret);
  }
});

test('rule D34: the call of a resource has its line as well', async () => {
  const { handshake } = world.emulator.resources;
  const { lines, system } = logging(LEVEL.verbose);
  const boundFetch = createMtlsFetch(world.application({ system }), { resource: handshake, minStrength: 1 });
  await (await boundFetch(`${handshake}/hello?secret=in-the-query`)).arrayBuffer();

  const { host } = new URL(handshake);
  expect(textsOf(lines, LEVEL.verbose).at(-1)).toMatch(
    new RegExp(`resource: GET ${host}/hello answered 200 in \\d+ ms \\(`),
  );
  expect(lines.map(({ text }) => text).join('\n')).not.toContain('in-the-query');
});

test('rule D34: NODE_DEBUG=msal-mi shows the same lines', async () => {
  const env = { ...process.env, NODE_DEBUG: 'msal-mi' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [PROGRAM], { env });
  const { exchanges } = JSON.parse(stdout) as { exchanges: number };

  const shown = stderr.split('\n').filter((line) => line.startsWith('MSAL-MI '));
  expect(shown.filter((line) => / answered 200 in \d+ ms /.test(line))).toHaveLength(exchanges);
  expect(shown.filter((line) => line.includes(' from the network, expires '))).toHaveLength(1);
});
