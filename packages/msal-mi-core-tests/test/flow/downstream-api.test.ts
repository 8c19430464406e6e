import type { ManagedIdentityApplication } from 'core/client.js';
import { CloudHost, SAMPLE_APPLICATION, SAMPLE_IDENTITY, WORLD_OPTIONS } from '../support/downstream.js';
import { directly, federated, FEDERATED_SAMPLE } from '../support/downstream-samples.js';
import { exchanges } from '../support/fic.js';
import { formOf, queryOf, requestOf, requestsOf } from '../support/journal.js';
import { jwtClaims } from '../support/jwt.js';
import { untilTheEnd } from '../support/until-the-end.js';
import { World } from '../support/world.js';

const world = await untilTheEnd(World.start(WORLD_OPTIONS));
let host: CloudHost;
beforeEach(() => {
  world.renew();
  host = new CloudHost(world);
});

const calls = () => requestsOf(world.emulator, 'resource');

test('N01, N04, N05: the sample for a managed identity runs unchanged, attested, as that identity', async () => {
  const response = await host.downstreamApi(directly()).callApiForApp('AzureKeyVault');

  expect(response.status).toBe(200);
  const said = (await response.json()) as Record<string, unknown>;
  expect(said).toMatchObject({
    ok: true,
    clientId: SAMPLE_IDENTITY,
    audience: 'https://vault.azure.net',
    method: 'GET',
  });
  expect(queryOf(requestOf(world.emulator, 'metadata'))).toMatchObject({ client_id: SAMPLE_IDENTITY });
  expect(host.attestation.calls).toHaveLength(1);
  expect(exchanges(world)).toMatchObject({ first: { length: 1 }, second: { length: 0 } });
});

test('N01, N11: the sample for a federated credential runs unchanged, attested, as the application', async () => {
  const response = await host.downstreamApi(federated()).callApiForApp('AzureKeyVault');

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ ok: true, clientId: SAMPLE_APPLICATION });
  const { first, second } = exchanges(world);
  expect(formOf(first[0]!)).toMatchObject({ client_id: SAMPLE_IDENTITY, scope: 'api://AzureADTokenExchange/.default' });
  expect(formOf(second[0]!)).toMatchObject({ client_id: SAMPLE_APPLICATION, token_type: 'mtls_pop' });
  expect(host.attestation.calls).toHaveLength(1);
  expect(host.platform.origins).toContain('https://mtlsauth.microsoft.com');
  const { clientCertificateS256 } = second[0]!;
  expect(calls().map((entry) => entry.clientCertificateS256)).toEqual([clientCertificateS256]);
});

test('N01: names and the protocol scheme match in any case, at every depth', async () => {
  const lower = JSON.parse(
    FEDERATED_SAMPLE.replace(/"(\w+)":/g, (_match, name: string) => `"${name.toLowerCase()}":`)
      .replace('MTLS_POP', 'mtls_Pop')
      .replace('SignedAssertionFromManagedIdentity', 'signedassertionfrommanagedidentity'),
  ) as unknown;
  const response = await host.downstreamApi(lower).callApiForApp('AZUREKEYVAULT');
  expect(await response.json()).toMatchObject({ clientId: SAMPLE_APPLICATION });
});

test('N05: without UserAssignedClientId the system-assigned identity is used', async () => {
  const configuration = directly();
  configuration.AzureKeyVault['AcquireTokenOptions'] = { ManagedIdentity: {} };
  const response = await host.downstreamApi(configuration).callApiForApp('AzureKeyVault');
  expect(await response.json()).toMatchObject({ clientId: world.emulator.systemAssigned.clientId });
});

test('N07: the header carries the bound token in the scheme of its type', async () => {
  const api = host.downstreamApi(federated());
  const header = await api.createAuthorizationHeaderForApp('AzureKeyVault');
  const [scheme, token] = header.split(' ');
  expect(scheme).toBe('mtls_pop');
  expect(jwtClaims(token!)['cnf']).toEqual({ 'x5t#S256': exchanges(world).second[0]?.clientCertificateS256 });
  expect(await api.createAuthorizationHeaderForApp('AzureKeyVault')).toBe(header);
});

test('N08: configured headers and query parameters go along with those of the call', async () => {
  const configuration = directly();
  Object.assign(configuration.AzureKeyVault, {
    RelativePath: '/secrets/motto?api-version=7.4',
    AcceptHeader: 'application/json',
    ContentType: 'text/markdown',
    HttpMethod: 'Put',
    ExtraHeaderParameters: { 'X-Configured': 'yes', 'X-Both': 'configured' },
    ExtraQueryParameters: { mode: 'quick' },
  });
  await host.downstreamApi(configuration).callApiForApp('AzureKeyVault', {
    body: '# words',
    headers: { 'x-own': 'yes', 'x-both': 'own' },
    ExtraQueryParameters: { page: '2' },
  });

  const [call] = calls();
  expect(call).toMatchObject({ method: 'PUT', body: '# words' });
  expect(call?.url).toBe('/secrets/motto?api-version=7.4&mode=quick&page=2');
  expect(call?.headers).toMatchObject({
    accept: 'application/json',
    'content-type': 'text/markdown',
    'x-configured': 'yes',
    'x-own': 'yes',
    'x-both': 'own',
    'x-ms-tokenboundauth': 'true',
  });
});

test('N13, N14: UseBoundCredential acquires a bearer token with the bound assertion, apart from the bound one', async () => {
  const configuration = federated();
  Object.assign(configuration.AzureAd.ClientCredentials![0]!, { UseBoundCredential: true });
  const api = host.downstreamApi(configuration);
  const bearer = await api.createAuthorizationHeaderForApp('AzureKeyVault', { ProtocolScheme: 'Bearer' });
  const bound = await api.createAuthorizationHeaderForApp('AzureKeyVault');

  expect(bearer).toMatch(/^Bearer /);
  expect(bound).toMatch(/^mtls_pop /);
  const [first, second] = exchanges(world).second;
  expect(formOf(first!)).not.toHaveProperty('token_type');
  expect(formOf(first!)['client_assertion_type']).toMatch(/jwt-pop$/);
  expect(formOf(second!)).toMatchObject({ token_type: 'mtls_pop' });
  expect(await api.createAuthorizationHeaderForApp('AzureKeyVault', { ProtocolScheme: 'Bearer' })).toBe(bearer);
});

test('N16: the configured correlation id goes to the token endpoint, and an abort ends the call with its reason', async () => {
  const CorrelationId = 'a77c9a1a-6a0a-4c13-9a50-9a8a52b3e7a1';
  const api = host.downstreamApi(federated());
  const controller = new AbortController();
  await api.callApiForApp('AzureKeyVault', { AcquireTokenOptions: { CorrelationId }, signal: controller.signal });
  const ids = requestsOf(world.emulator, 'token').map(({ headers }) => headers['client-request-id']);
  expect(ids).toEqual([CorrelationId, CorrelationId]);

  const reason = new Error('enough');
  controller.abort(reason);
  await expect(api.callApiForApp('AzureKeyVault', { signal: controller.signal })).rejects.toBe(reason);
});

test('N19, N25: a claims challenge is answered once, with a token that has the claims, over its certificate', async () => {
  const configuration = federated();
  configuration.AzureAd.ClientCapabilities = ['cp1'];
  configuration.AzureKeyVault['RelativePath'] = 'claims-challenge';
  const response = await host
    .downstreamApi(configuration)
    .callApiForApp('AzureKeyVault', { HttpMethod: 'POST', body: 'twice' });

  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ body: 'twice' });
  expect(calls().map(({ status }) => status)).toEqual([401, 200]);
  const claims = JSON.parse(formOf(exchanges(world).second[1]!)['claims']!) as unknown;
  expect(claims).toMatchObject({ access_token: { acrs: { value: 'c1' }, xms_cc: { values: ['cp1'] } } });
  expect(formOf(exchanges(world).first[0]!)).not.toHaveProperty('claims');
});

test('N19: when the certificate changes with the token of the challenge, the new one is presented', async () => {
  const configuration = federated();
  configuration.AzureKeyVault['RelativePath'] = 'claims-challenge';
  const refusal = { error: 'invalid_client', error_description: 'AADSTS7000214: revoked.', error_codes: [7000214] };
  // First leg, second leg, then the second leg with the claims.
  const unchanged = { patch: { refresh_in: null } };
  world.emulator.fault('token', [unchanged, unchanged, { oauthError: refusal }]);
  const response = await host.downstreamApi(configuration).callApiForApp('AzureKeyVault');

  expect(response.status).toBe(200);
  const [before, after] = calls();
  expect(before?.clientCertificateS256).not.toBe(after?.clientCertificateS256);
  expect(exchanges(world).second.at(-1)?.clientCertificateS256).toBe(after?.clientCertificateS256);
});

test('N25: configured claims and ForceRefresh go to the token endpoint of a managed identity', async () => {
  const api = host.downstreamApi({ ...directly(), AzureAd: { ClientCapabilities: ['cp1'] } });
  const Claims = '{"access_token":{"acrs":{"value":"c9"}}}';
  await api.callApiForApp('AzureKeyVault', { AcquireTokenOptions: { Claims } });
  await api.callApiForApp('AzureKeyVault');
  await api.callApiForApp('AzureKeyVault', { AcquireTokenOptions: { ForceRefresh: true } });

  const sent = exchanges(world).first.map((entry) => JSON.parse(formOf(entry)['claims']!) as unknown);
  expect(sent).toEqual([
    { access_token: { acrs: { value: 'c9' }, xms_cc: { values: ['cp1'] } } },
    { access_token: { xms_cc: { values: ['cp1'] } } },
  ]);
});

test('N17: a certificate that the API refuses in the handshake is replaced, once', async () => {
  const api = host.downstreamApi({
    ...federated(),
    AzureKeyVault: { ...federated().AzureKeyVault, Scopes: ['https://graph.microsoft.com/.default'] },
  });
  const overrides = { BaseUrl: world.emulator.resources.handshake };
  expect((await api.callApiForApp('AzureKeyVault', overrides)).status).toBe(200);
  world.emulator.fault('resource', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
  const response = await api.callApiForApp('AzureKeyVault', overrides);

  expect(response.status).toBe(200);
  expect(world.requests().issuecredential).toBe(2);
  const certificates = calls()
    .filter(({ status }) => status === 200)
    .map(({ clientCertificateS256 }) => clientCertificateS256);
  expect(new Set(certificates).size).toBe(2);
});

test('N17: in one call of a managed identity at most one certificate is replaced, whoever refuses it', async () => {
  const api = host.downstreamApi({
    ...directly(),
    AzureKeyVault: { ...directly().AzureKeyVault, Scopes: ['https://graph.microsoft.com/.default'] },
  });
  const overrides = { BaseUrl: world.emulator.resources.handshake };
  expect((await api.callApiForApp('AzureKeyVault', overrides)).status).toBe(200);
  world.emulator.fault('resource', [{ reset: 'handshake', tlsAlert: 'certificate_revoked' }]);
  world.emulator.fault('token', [{ oauthError: { error: 'invalid_client' } }]);

  await expect(api.callApiForApp('AzureKeyVault', overrides)).rejects.toMatchObject({ errorCode: 'invalid_client' });
  expect(world.requests().issuecredential).toBe(2);
});

test('N21: what token acquisition fails with is what the call fails with, and the API is not called', async () => {
  world.emulator.fault('issuecredential', [{ status: 400, body: { error: 'invalid_request' } }]);
  await expect(host.downstreamApi(federated()).callApiForApp('AzureKeyVault')).rejects.toMatchObject({
    errorCode: 'managed_identity_request_failed',
    stage: 'issuecredential',
  });
  expect(calls()).toHaveLength(0);
});

test('N22: a token that comes without a certificate is never sent under a bound scheme', async () => {
  const token = { accessToken: 'unbound', tokenType: 'Bearer' };
  const application = { acquireToken: () => Promise.resolve(token) } as unknown as ManagedIdentityApplication;
  const api = host.downstreamApi(directly(), { application });
  await expect(api.callApiForApp('AzureKeyVault')).rejects.toMatchObject({ errorCode: 'token_type_mismatch' });
  await expect(api.createAuthorizationHeaderForApp('AzureKeyVault')).rejects.toMatchObject({
    errorCode: 'token_type_mismatch',
  });
  expect(calls()).toHaveLength(0);
});

test('attestation is asked for unless the configuration says otherwise', async () => {
  const api = host.downstreamApi(directly());
  await api.callApiForApp('AzureKeyVault', { WithAttestationSupport: false });
  expect(host.attestation.calls).toHaveLength(0);
  await api.callApiForApp('AzureKeyVault');
  expect(host.attestation.calls).toHaveLength(1);
});

test('MinStrength "Software" accepts a software key, which nobody attests', async () => {
  const configuration = directly();
  configuration.AzureKeyVault['MinStrength'] = 'software';
  await host.downstreamApi(configuration).callApiForApp('AzureKeyVault');
  expect(host.attestation.calls).toHaveLength(0);
});

test('a redirect to another origin is not followed', async () => {
  world.emulator.fault('resource', [{ status: 302, headers: { Location: 'https://evil.example/' } }]);
  await expect(host.downstreamApi(directly()).callApiForApp('AzureKeyVault')).rejects.toThrow(TypeError);
  expect(host.platform.origins).not.toContain('https://evil.example');
});
