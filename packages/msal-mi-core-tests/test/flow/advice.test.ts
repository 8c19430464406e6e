/** What an error tells an operator to do next: one table, looked up by code, OAuth error, stage and words of IMDS (D8, D29). */
import { once } from 'node:events';
import net from 'node:net';
import type { Fault } from 'msal-mi-emulator';
import { AADSTS_ADVICE, IMDS_ADVICE, OAUTH_ADVICE } from 'core/advice.js';
import { createMtlsFetch } from 'core/mtls-fetch/mtls-fetch.js';
import { readJwtClaims } from 'core/crypto/jwt.js';
import { boundClient, CLIENT_ID, exchanges, GRAPH_SCOPES } from '../support/fic.js';
import { formOf } from '../support/journal.js';
import { rejection } from '../support/rejection.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

const ONCE = { system: { disableInternalRetries: true } };

/** The error of a token request that the emulator answers with `fault`, also when it is repeated. */
function refused(fault: Fault) {
  world.emulator.outage('token', fault);
  return rejection(world.application(ONCE).acquireToken(softwareRequest()));
}

/** What an operator has to find in the advice. */
const NEXT_STEPS: ReadonlyArray<readonly [NonNullable<Fault['refusal']>, RegExp]> = [
  ['AADSTS392196', /takes no certificate-bound tokens.*requestOverMtls: true/],
  ['AADSTS3921996', /tenant may not receive bound tokens under an attested certificate/],
  ['AADSTS1000604', /resource, tenant and kind of token/],
  ['AADSTS1000901', /Another certificate was tried, once: check the clock/],
  ['AADSTS700016', /client id and the tenant.*takes minutes/],
  ['AADSTS7000229', /az ad sp create --id/],
  ['AADSTS7000112', /Enable it/],
  ['AADSTS90002', /tenant id and the cloud/],
  ['AADSTS500011', /spelling of the resource.*service principal/],
  ['AADSTS500117', /https:\/\/ or api:\/\//],
  ['AADSTS501051', /Assign an application role/],
  ['AADSTS53003', /Conditional Access.*sign-in logs/],
];

test.each(NEXT_STEPS)('rule D29: %s tells what to do next, and which host said so', async (refusal, advice) => {
  const error = await refused({ refusal });

  expect(error.aadstsCode).toBe(refusal.replace('AADSTS', ''));
  expect(error.remediation).toMatch(advice);
  expect(error.message).toContain(error.remediation);
  expect(error.errorMessage).toContain(world.emulator.tokenUrl);
});

test('rule D29: the code decides before the OAuth error, and that before the stage', async () => {
  const oauthError = { error: 'unauthorized_client', error_description: 'AADSTS53003: x', error_codes: [53003] };
  expect((await refused({ oauthError })).remediation).toContain('Conditional Access');

  world.renew();
  const unlisted = { error: 'unauthorized_client', error_description: 'AADSTS7999999: x', error_codes: [7_999_999] };
  const { remediation } = await refused({ oauthError: unlisted });
  expect(remediation).toContain(OAUTH_ADVICE['unauthorized_client']?.[1]);
  expect(remediation).toContain('error?code=7999999');

  world.renew();
  expect((await refused({ status: 400, body: { error: 'x_y_z' } })).remediation).toContain('correlation id');
});

test('rule D29: of several codes the one that the table explains decides', async () => {
  const body = { error: 'invalid_request', error_description: 'x', error_codes: [50_000, 392_196] };
  const error = await refused({ status: 400, body });
  expect([error.aadstsCode, error.remediation]).toEqual(['50000', expect.stringContaining('requestOverMtls')]);
});

test('rule D29: a name of Object.prototype in place of an OAuth error is not a row of the table', async () => {
  expect((await refused({ status: 400, body: { error: 'constructor' } })).remediation).toContain('correlation id');
});

describe('a federated credential', () => {
  const NAMED = ['AADSTS70021', 'AADSTS700211', 'AADSTS700212', 'AADSTS700213', 'AADSTS7002137'] as const;

  async function refusedAssertion(fault: Fault) {
    const client = boundClient(world);
    const request = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;
    await client.acquireTokenByClientCredential(request);
    world.emulator.outage('token', fault);
    const error = await rejection(client.acquireTokenByClientCredential({ ...request, skipCache: true }));
    const assertion = formOf(exchanges(world).second.at(-1)!)['client_assertion'] ?? '';
    return { error, assertion, claims: readJwtClaims(assertion) ?? {} };
  }

  test.each(NAMED)('rule D29: %s shows issuer, subject and audience of the assertion', async (refusal) => {
    const { error, assertion, claims } = await refusedAssertion({ refusal });

    for (const name of ['iss', 'sub', 'aud'] as const) expect(error.remediation).toContain(`'${String(claims[name])}'`);
    expect(error.remediation).toContain(CLIENT_ID);
    expect(error.message).not.toContain(assertion);
    expect(error.message).not.toContain('eyJ');
  });

  test('rule D29: what Entra ID saw and expects is shown beside it', async () => {
    const seen = '/eid1/c/pub/t/AbCdEfGhIjKlMnOpQrStUv/a/9ExAAAAA_ky4ZiS_jhpJIQ/11111111-2222-3333-4444-555555555555';
    const expected = seen.replace('AbCdEfGhIjKlMnOpQrStUv', '{tenantId}');
    const error_description =
      `AADSTS7002137: No matching federated identity record found for presented assertion subject '${seen}'. ` +
      `Please make sure the federated identity credential Subject is '${expected}'. Trace ID: x`;
    const { error, claims } = await refusedAssertion({
      oauthError: { error: 'invalid_client', error_description, error_codes: [7_002_137] },
    });

    for (const text of [`'${String(claims['sub'])}'`, `saw '${seen}'`, `expects '${expected}'`]) {
      expect(error.remediation).toContain(text);
    }
  });

  test('rule D29: an assertion that cannot be read is described as Entra ID does', async () => {
    const issuer = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0';
    const error_description =
      `AADSTS70021: No match. Assertion Issuer: '${issuer}'. Assertion Subject: 'subject-1'. ` +
      `Assertion Audience: 'api://AzureADTokenExchange'.`;
    const { binding } = await world.application().acquireToken(softwareRequest());
    const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-pop' as const;
    const clientAssertion = () => Promise.resolve({ assertion: 'opaque.assertion', assertionType, binding });
    world.emulator.outage('token', { oauthError: { error: 'invalid_request', error_description } });
    const client = boundClient(world, { auth: { clientAssertion } });
    const error = await rejection(
      client.acquireTokenByClientCredential({ scopes: GRAPH_SCOPES, mtlsProofOfPossession: true }),
    );

    for (const value of [issuer, 'subject-1', 'api://AzureADTokenExchange'])
      expect(error.remediation).toContain(`'${value}'`);
    expect(error.message).not.toContain('opaque.assertion');
  });
});

describe('IMDS', () => {
  const CASES: ReadonlyArray<readonly [NonNullable<Fault['refusal']>, RegExp]> = [
    ['several-identities', /userAssignedClientId/],
    ['identity-not-found', /not assigned to the VM.*system-assigned identity on/],
    ['no-user-assigned-identity', /not assigned to the VM/],
    ['identity-not-assigned', /not assigned to the VM/],
    ['identity-not-yet-assigned', /takes minutes/],
    ['too-many-requests', /Wait/],
    ['forbidden-by-pod-identity', /Pod Identity/],
  ];

  test.each(CASES)('rule D8: %s tells what to do next, and which host said so', async (refusal, advice) => {
    world.emulator.fault('getplatformmetadata', [{ refusal }]);
    const error = await rejection(world.application(ONCE).acquireToken(softwareRequest()));

    expect(error).toMatchObject({ errorCode: 'managed_identity_request_failed', stage: 'metadata' });
    expect(error.remediation).toMatch(advice);
    expect(error.errorMessage).toContain(world.emulator.imdsUrl);
  });

  test('rule D8: the advice is for the identity that was asked for', async () => {
    world.emulator.fault('getplatformmetadata', [{ refusal: 'identity-not-found' }]);
    const [identity] = world.emulator.identities;
    const managedIdentityIdParams = { userAssignedClientId: identity?.clientId ?? '' };
    const error = await rejection(
      world.application({ ...ONCE, managedIdentityIdParams }).acquireToken(softwareRequest()),
    );
    expect(error.remediation).toMatch(/Assign it .*or correct the id/);
  });

  test.each([
    'More than one identity is present on the VM. Name one.',
    'Multiple Managed Identities are assigned to this machine',
    'The managed identity could not be found: identity is not assigned',
    'No MSI found for specified ClientId/ResourceId.',
    'The requested identity isn’t assigned to this resource.',
    'The identity has not yet been assigned to this resource',
  ])('rule D8: other words for the same are known: %s', async (error_description) => {
    world.emulator.fault('getplatformmetadata', [
      { status: 400, body: { error: 'invalid_request', error_description } },
    ]);
    const { remediation } = await rejection(world.application(ONCE).acquireToken(softwareRequest()));
    const aboutIdentity = IMDS_ADVICE.filter((row) => row.isAboutIdentity === true);
    expect(aboutIdentity.some(({ meaning }) => remediation?.includes(meaning))).toBe(true);
  });

  test('rule D8: what the Server header said instead is in the message', async () => {
    world.emulator.fault('getplatformmetadata', [{ headers: { Server: 'squid/6.1' } }]);
    const error = await rejection(world.application(ONCE).acquireToken(softwareRequest()));
    expect(error.errorMessage).toContain('Server: squid/6.1');
    expect(error.remediation).toContain('AZURE_POD_IDENTITY_AUTHORITY_HOST');
  });

  test('rule D29: a token in the Server header is not', async () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln';
    world.emulator.fault('getplatformmetadata', [{ headers: { Server: `proxy ${token}` } }]);
    const error = await rejection(world.application(ONCE).acquireToken(softwareRequest()));
    expect(error.errorMessage).toContain('Server: proxy <redacted>');
  });
});

describe('no answer', () => {
  async function closedPort(): Promise<number> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  test.each([
    ['a name that does not resolve', () => 'https://centraluseuap.mtlsauth.does-not-exist.invalid', /DNS/],
    ['a closed port', async () => `https://localhost:${await closedPort()}`, /firewall/],
  ])('rule D29: %s: the host is in the message', async (_what, endpointOf, advice) => {
    const endpoint = await endpointOf();
    world.emulator.fault('issuecredential', [{ patch: { mtls_authentication_endpoint: endpoint } }]);
    const error = await rejection(world.application(ONCE).acquireToken(softwareRequest()));

    expect(error.errorMessage).toContain(endpoint);
    expect(error.remediation).toMatch(advice);
  });

  test.each<[string, Fault, RegExp]>([
    ['no HTTP', { reset: 'mid-body' }, /./],
    ['a wrong token', { mutate: 'wrong-cnf' }, /TLS/],
    ['no token type', { mutate: 'no-token-type' }, /./],
    ['429', { status: 429, body: '' }, /Retry-After/],
    ['503', { status: 503, body: '' }, /later/],
    ['101', { status: 101 }, /proxy or gateway/],
  ])('rule D29: %s of the token endpoint: the host is in the message', async (_what, fault, advice) => {
    const error = await refused(fault);
    expect(error.errorMessage).toContain(world.emulator.tokenUrl);
    expect(error.remediation).toMatch(advice);
  });

  test('rule D29: a throttled request that was not sent names the host as well', async () => {
    await refused({ status: 429, retryAfter: { seconds: 60 }, body: '' });
    const error = await rejection(world.application(ONCE).acquireToken(softwareRequest()));
    expect(error.errorMessage).toContain(`${world.emulator.tokenUrl} asked to wait`);
  });

  test('rule D29: an IMDS that is not there is named', async () => {
    const base = `http://127.0.0.1:${await closedPort()}`;
    const app = world.application(ONCE, { AZURE_POD_IDENTITY_AUTHORITY_HOST: base });
    const error = await rejection(app.acquireToken(softwareRequest()));
    expect(error.errorMessage).toContain(base);
    expect(error.remediation).toContain('Start the emulator');
  });

  test('rule D29: a resource that cannot be reached is named in the cause of the TypeError', async () => {
    const url = `https://localhost:${await closedPort()}`;
    const boundFetch = createMtlsFetch(world.application(), { resource: url, minStrength: 1 });
    const error: unknown = await boundFetch(url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TypeError', cause: { code: 'ECONNREFUSED' } });
    expect((error as { cause: Error }).cause.message).toContain(new URL(url).host);
  });
});

test('rule D29: every row says what it means and what to do', () => {
  for (const [meaning, remedy] of [...Object.values(AADSTS_ADVICE), ...Object.values(OAUTH_ADVICE)]) {
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  }
});
