import { inspect } from 'node:util';
import { BoundConfidentialClient } from 'core/fic/bound-confidential-client.js';
import { createManagedIdentityAssertion } from 'core/fic/managed-identity-assertion.js';
import type { BoundClientAssertion } from 'core/fic/client-assertion.js';
import { createAuthorizationHeader } from 'core/result.js';
import { MtlsBindingStrength } from 'core/public-types/constants.js';
import { boundClient, CLIENT_ID, countedAssertion, exchanges, GRAPH_SCOPES } from '../support/fic.js';
import { formOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { softwareRequest, World } from '../support/world.js';

const BOUND = { scopes: GRAPH_SCOPES, mtlsProofOfPossession: true } as const;
const BEARER = { scopes: GRAPH_SCOPES } as const;
const JWT_POP = 'urn:ietf:params:oauth:client-assertion-type:jwt-pop';

const world = await untilTheEnd(World.start());
beforeEach(() => world.renew());

/** An assertion of the world's identity, to be tampered with. */
async function goodAssertion(): Promise<BoundClientAssertion> {
  const app = world.application();
  const assert = createManagedIdentityAssertion(app, { minStrength: MtlsBindingStrength.Software });
  return assert({ clientId: CLIENT_ID });
}

test('M01: the first leg is a bound token of the managed identity for the token exchange audience', async () => {
  const { assertion, binding } = await goodAssertion();

  const [request] = exchanges(world).first;
  expect(formOf(request!)).toMatchObject({ scope: 'api://AzureADTokenExchange/.default', token_type: 'mtls_pop' });
  expect(jwtClaims(assertion)['cnf']).toEqual({ 'x5t#S256': binding.certificate.x5tS256 });
});

test('M01: the audience of another cloud is asked for when it is given', async () => {
  const assert = createManagedIdentityAssertion(world.application(), {
    audience: 'api://AzureADTokenExchangeUSGov',
    minStrength: MtlsBindingStrength.Software,
  });
  const { assertion } = await assert({ clientId: CLIENT_ID });
  expect(jwtClaims(assertion)['aud']).toBe('api://AzureADTokenExchangeUSGov');
});

test('M02: the second leg presents assertion and certificate together and gets a token bound to that certificate', async () => {
  const result = await boundClient(world).acquireTokenByClientCredential(BOUND);

  const { first, second } = exchanges(world);
  expect([first.length, second.length]).toEqual([1, 1]);
  const { client_assertion, ...form } = formOf(second[0]!);
  expect(form).toEqual({
    client_id: CLIENT_ID,
    grant_type: 'client_credentials',
    scope: 'https://graph.microsoft.com/.default',
    client_assertion_type: JWT_POP,
    client_info: '2',
    token_type: 'mtls_pop',
  });
  const { x5tS256 } = result.bindingCertificate;
  expect(second[0]?.clientCertificateS256).toBe(x5tS256);
  expect(jwtClaims(client_assertion!)['cnf']).toEqual({ 'x5t#S256': x5tS256 });
  expect(jwtClaims(result.accessToken)).toMatchObject({ appid: CLIENT_ID, cnf: { 'x5t#S256': x5tS256 } });
  expect(result).toMatchObject({
    tokenType: 'mtls_pop',
    fromCache: false,
    tenantId: world.emulator.tenantId,
    authority: `${world.emulator.tokenUrl}/${world.emulator.tenantId}/`,
    scopes: GRAPH_SCOPES,
    resource: 'https://graph.microsoft.com',
  });
});

test('M02: the token works at a resource, over its own binding only', async () => {
  const result = await boundClient(world).acquireTokenByClientCredential(BOUND);
  const { handshake } = world.emulator.resources;
  const headers = { authorization: createAuthorizationHeader(result) };
  expect((await result.binding.fetch(`${handshake}/echo`, { headers })).status).toBe(200);

  const other = await world
    .application({ managedIdentityIdParams: { userAssignedClientId: world.emulator.identities[0]!.clientId } })
    .acquireToken(softwareRequest());
  expect((await other.binding.fetch(`${handshake}/echo`, { headers })).status).toBe(401);
});

test.each(['userAssignedClientId', 'userAssignedObjectId', 'userAssignedResourceId'] as const)(
  'M02: a user-assigned identity named by %s serves as the credential',
  async (name) => {
    const [identity] = world.emulator.identities;
    const id = { userAssignedClientId: identity!.clientId, userAssignedObjectId: identity!.objectId };
    const ids = { ...id, userAssignedResourceId: identity!.resourceId };
    const app = world.application({ managedIdentityIdParams: { [name]: ids[name] } });
    const client = boundClient(world, { auth: { clientAssertion: countedAssertion(app).callback } });

    await client.acquireTokenByClientCredential(BOUND);
    const assertion = formOf(exchanges(world).second[0]!)['client_assertion'];
    expect(jwtClaims(assertion!)['oid']).toBe(identity!.objectId);
  },
);

test('M04, M20: an assertion without a certificate is refused before anything is sent, bound or not', async () => {
  const { assertion, assertionType } = await goodAssertion();
  for (const binding of [undefined, null]) {
    const clientAssertion = () =>
      Promise.resolve({ assertion, assertionType, binding } as unknown as BoundClientAssertion);
    const client = boundClient(world, { auth: { clientAssertion } });
    for (const request of [BOUND, BEARER]) {
      await expect(client.acquireTokenByClientCredential(request as typeof BOUND)).rejects.toMatchObject({
        errorCode: 'mtls_certificate_not_provided',
        stage: 'token',
      });
    }
  }
  expect(exchanges(world).second).toHaveLength(0);
});

test('M19: a binding that did not come from a result is refused, even if it looks like one', async () => {
  const good = await goodAssertion();
  const clientAssertion = () => Promise.resolve({ ...good, binding: { ...good.binding } });
  const client = boundClient(world, { auth: { clientAssertion } });

  await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({
    errorCode: 'mtls_certificate_not_provided',
  });
  expect(exchanges(world).second).toHaveLength(0);
});

test.each([
  ['an empty assertion', { assertion: ' ' }],
  ['another assertion type', { assertionType: JWT_POP.replace('pop', 'bearer') }],
  ['no object at all', undefined],
])('N12: %s is refused before anything is sent', async (_name, change) => {
  const good = await goodAssertion();
  const returned = (change && { ...good, ...change }) as unknown as BoundClientAssertion;
  const client = boundClient(world, { auth: { clientAssertion: () => Promise.resolve(returned) } });

  await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({
    errorCode: change === undefined ? 'mtls_certificate_not_provided' : 'invalid_client_assertion',
  });
  expect(exchanges(world).second).toHaveLength(0);
});

test('rule D31: an assertion that is bound to another certificate than its binding is never sent', async () => {
  const system = await goodAssertion();
  const app = world.application({
    managedIdentityIdParams: { userAssignedClientId: world.emulator.identities[0]!.clientId },
  });
  const { binding } = await app.acquireToken(softwareRequest());
  const client = boundClient(world, { auth: { clientAssertion: () => Promise.resolve({ ...system, binding }) } });

  await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({
    errorCode: 'invalid_client_assertion',
  });
  expect(exchanges(world).second).toHaveLength(0);
});

test('M21: capabilities and claims go into the request and to the callback, but not to the managed identity', async () => {
  const { callback, calls } = countedAssertion(world.application());
  const client = boundClient(world, { auth: { clientAssertion: callback, clientCapabilities: ['cp1'] } });
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
  const result = await client.acquireTokenByClientCredential({ ...BOUND, claims });

  const { first, second } = exchanges(world);
  expect(JSON.parse(formOf(second[0]!)['claims']!)).toEqual({
    access_token: { acrs: { essential: true, value: 'c1' }, xms_cc: { values: ['cp1'] } },
  });
  expect(formOf(first[0]!)).not.toHaveProperty('claims');
  expect(jwtClaims(result.accessToken)).toMatchObject({ xms_cc: ['cp1'], acrs: ['c1'] });
  expect(calls[0]).toMatchObject({ clientId: CLIENT_ID, claims, clientCapabilities: ['cp1'] });
  expect(calls[0]?.tokenEndpoint).toBe(`${world.emulator.tokenUrl}/${world.emulator.tenantId}/oauth2/v2.0/token`);
});

test('M23: a bearer token is acquired with the certificate too, and says so nowhere', async () => {
  const result = await boundClient(world).acquireTokenByClientCredential(BEARER);

  const [request] = exchanges(world).second;
  expect(formOf(request!)).toMatchObject({ client_assertion_type: JWT_POP });
  expect(formOf(request!)).not.toHaveProperty('token_type');
  const { cnf } = jwtClaims(formOf(request!)['client_assertion']!) as { cnf: Record<string, string> };
  expect(request?.clientCertificateS256).toBe(cnf['x5t#S256']);
  expect(result).toMatchObject({ tokenType: 'Bearer', fromCache: false });
  expect(result).not.toHaveProperty('binding');
  expect(jwtClaims(result.accessToken)).not.toHaveProperty('cnf');
  expect(createAuthorizationHeader(result)).toBe(`Bearer ${result.accessToken}`);
});

test.each([
  ['bound', BOUND],
  ['bearer', BEARER],
])(
  'rule D31: after the identity got another certificate, a %s token of the old one is not served',
  async (_kind, request) => {
    const app = world.application();
    const client = boundClient(world, { auth: { clientAssertion: countedAssertion(app).callback } });
    const first = await client.acquireTokenByClientCredential(request as typeof BOUND);
    app.clearCache();
    const second = await client.acquireTokenByClientCredential(request as typeof BOUND);

    expect(second.fromCache).toBe(false);
    expect(second.accessToken).not.toBe(first.accessToken);
    const [before, after] = exchanges(world).second;
    expect(after?.clientCertificateS256).not.toBe(before?.clientCertificateS256);
  },
);

test('N15: the result carries the binding of the assertion it was acquired with', async () => {
  const { callback } = countedAssertion(world.application());
  const returned: BoundClientAssertion[] = [];
  const clientAssertion = async (context: Parameters<typeof callback>[0]) => {
    const assertion = await callback(context);
    returned.push(assertion);
    return assertion;
  };
  const client = boundClient(world, { auth: { clientAssertion } });
  const first = await client.acquireTokenByClientCredential(BOUND);
  const second = await client.acquireTokenByClientCredential(BOUND);

  expect(first.binding).toBe(returned[0]?.binding);
  expect(second.binding).toBe(returned[1]?.binding);
});

test('N16: the correlation id goes through both legs, and an abort ends the call with its reason', async () => {
  const client = boundClient(world);
  const correlationId = '7b7f3f0e-53a2-4b8f-8b57-0a8f4d1f6a11';
  const result = await client.acquireTokenByClientCredential({ ...BOUND, correlationId });
  const { first, second } = exchanges(world);
  expect(result.correlationId).toBe(correlationId);
  expect([...first, ...second].map(({ headers }) => headers['client-request-id'])).toEqual([
    correlationId,
    correlationId,
  ]);

  const reason = new Error('enough');
  const controller = new AbortController();
  const aborted = client.acquireTokenByClientCredential({ ...BOUND, skipCache: true, signal: controller.signal });
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
});

test('N21: what the callback rejects with is thrown as it is, and nothing is sent', async () => {
  const reason = new Error('no assertion today');
  const client = boundClient(world, { auth: { clientAssertion: () => Promise.reject(reason) } });
  await expect(client.acquireTokenByClientCredential(BOUND)).rejects.toBe(reason);
  expect(world.emulator.journal).toHaveLength(0);
});

test('system.timeout covers both legs', async () => {
  const clientAssertion = () => new Promise<never>(() => undefined);
  const client = boundClient(world, { auth: { clientAssertion }, system: { timeout: 60_000 } });
  const acquiring = client.acquireTokenByClientCredential(BOUND);
  acquiring.catch(() => undefined);
  await new Promise(setImmediate);
  world.clock.advance(60_000);
  await expect(acquiring).rejects.toMatchObject({ errorCode: 'request_timeout' });
});

test('system.ca of the client is trusted in place of that of the managed identity', async () => {
  const app = world.application();
  const clientAssertion = countedAssertion(app).callback;
  const other = await World.start();
  try {
    const distrusting = boundClient(world, { auth: { clientAssertion }, system: { ca: other.emulator.ca } });
    await expect(distrusting.acquireTokenByClientCredential(BOUND)).rejects.toMatchObject({
      errorCode: 'managed_identity_unreachable_network',
      retryable: false,
    });
    const trusting = boundClient(world, { auth: { clientAssertion }, system: { ca: world.emulator.ca } });
    await expect(trusting.acquireTokenByClientCredential(BOUND)).resolves.toMatchObject({ tokenType: 'mtls_pop' });
  } finally {
    await other.close();
  }
});

test('no assertion, token or claim shows up in a result that is printed or in an error', async () => {
  const client = boundClient(world);
  const result = await client.acquireTokenByClientCredential(BEARER);
  expect(inspect(result)).not.toContain('eyJ');
  const assertion = formOf(exchanges(world).second[0]!)['client_assertion']!;
  const oauthError = { error: 'invalid_request', error_description: `AADSTS90014: odd assertion ${assertion}` };
  world.emulator.fault('token', [{ oauthError }]);
  const error: unknown = await client.acquireTokenByClientCredential({ ...BOUND }).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ errorCode: 'invalid_request', aadstsCode: '90014' });
  expect(inspect(error, { depth: 9 })).not.toContain('eyJ');
});

const NO_ASSERTION = (): Promise<never> => Promise.reject(new Error('never asked'));

test.each([
  ['no object', undefined],
  ['no auth', {}],
  ['no client id', { auth: { authority: 'https://localhost/t', clientAssertion: NO_ASSERTION } }],
  ['no callback', { auth: { clientId: 'a', authority: 'https://localhost/t' } }],
  ['an authority that is not a URL', { auth: { clientId: 'a', authority: 'nonsense', clientAssertion: NO_ASSERTION } }],
])('a configuration with %s is refused', (_name, configuration) => {
  expect(() => new BoundConfidentialClient(configuration as never)).toThrow(
    expect.objectContaining({ errorCode: 'invalid_configuration' }) as Error,
  );
});

test.each([
  [{ scopes: [] }, 'invalid_scope'],
  [{ scopes: ['https://graph.microsoft.com/User.Read'] }, 'invalid_scope'],
  [{ scopes: [...GRAPH_SCOPES, 'https://vault.azure.net/.default'] }, 'invalid_scope'],
  [{ scopes: GRAPH_SCOPES, azureRegion: 'west us' }, 'invalid_request'],
  [{ scopes: GRAPH_SCOPES, azureRegion: 'evil.example/' }, 'invalid_request'],
  [{ scopes: GRAPH_SCOPES, claims: 'no json' }, 'invalid_json_claims_format'],
  [{ scopes: GRAPH_SCOPES, forceRefresh: true }, 'invalid_request'],
])('the request %j is refused before any I/O', async (request, errorCode) => {
  const { callback, calls } = countedAssertion(world.application());
  const client = boundClient(world, { auth: { clientAssertion: callback } });
  await expect(
    client.acquireTokenByClientCredential({ ...request, mtlsProofOfPossession: true } as never),
  ).rejects.toMatchObject({ errorCode });
  expect(calls).toHaveLength(0);
});
