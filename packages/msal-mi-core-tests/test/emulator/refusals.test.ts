import { startEmulator, type EntraRefusalName, type ImdsRefusalName } from 'msal-mi-emulator';
import { acquireToken, call, imds, mintCredential, requestToken, type Credential } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const VAULT = 'https://vault.azure.net';
const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
beforeEach(() => emulator.reset());

describe('the token endpoint', () => {
  it.each<[EntraRefusalName, number, string, string]>([
    ['AADSTS392196', 400, 'invalid_request', 'does not support certificate-bound token'],
    ['AADSTS3921996', 400, 'invalid_request', 'attested certificate'],
    ['AADSTS1000604', 401, 'invalid_client', 'certificate'],
    ['AADSTS1000610', 401, 'invalid_client', 'expired'],
    ['AADSTS1000611', 401, 'invalid_client', 'issuer'],
    ['AADSTS1000612', 401, 'invalid_client', 'client'],
    ['AADSTS1000613', 401, 'invalid_client', 'revoked'],
    ['AADSTS1000614', 401, 'invalid_client', 'attestation'],
    ['AADSTS1000901', 400, 'invalid_request', 'token_not_after extension'],
    ['AADSTS53003', 400, 'access_denied', 'Conditional Access'],
    ['AADSTS500011', 400, 'invalid_resource', `The resource principal named ${VAULT} was not found`],
    ['AADSTS500117', 400, 'invalid_request', 'secure scheme'],
    ['AADSTS500181', 401, 'invalid_client', 'TLS certificate'],
    ['AADSTS501051', 400, 'invalid_grant', 'not assigned to a role'],
    ['AADSTS70021', 400, 'invalid_request', "Assertion Audience: 'api://AzureADTokenExchange'"],
    ['AADSTS700016', 400, 'unauthorized_client', 'Application with identifier'],
    ['AADSTS700024', 401, 'invalid_client', 'valid time range'],
    ['AADSTS700211', 401, 'invalid_client', 'presented assertion issuer'],
    ['AADSTS700212', 401, 'invalid_client', 'presented assertion audience'],
    ['AADSTS700213', 401, 'invalid_client', 'presented assertion subject'],
    ['AADSTS7000112', 400, 'unauthorized_client', 'is disabled'],
    ['AADSTS7000229', 401, 'invalid_client', 'is missing service principal in the tenant'],
    ['AADSTS7002137', 401, 'invalid_client', 'Please make sure the federated identity credential Subject is'],
    ['AADSTS90002', 400, 'invalid_request', 'Check to make sure you have the correct tenant ID'],
    ['AADSTS90033', 503, 'temporarily_unavailable', 'transient error'],
  ])('refuses with %s in Entra’s shape', async (refusal, status, error, words) => {
    emulator.fault('token', [{ refusal }]);
    const reply = await requestToken(emulator, credential, { scope: `${VAULT}/.default` });
    expect(reply.status).toBe(status);
    const { error_description: description, trace_id: trace, ...rest } = reply.json;
    expect(rest).toMatchObject({ error, error_codes: [Number(refusal.slice(6))] });
    expect(description).toMatch(
      new RegExp(`^${refusal}: .+ Trace ID: ${String(trace)} Correlation ID: .+ Timestamp: .+Z$`),
    );
    expect(description).toContain(words);
    expect((await requestToken(emulator, credential)).status).toBe(200);
  });

  it('names the client and the tenant of the request', async () => {
    emulator.fault('token', [{ refusal: 'AADSTS700016' }]);
    const { json } = await requestToken(emulator, credential);
    const { clientId, tenantId } = credential;
    expect(json.error_description).toContain(`identifier '${clientId}' was not found in the directory '${tenantId}'`);
  });

  it('names issuer, subject and audience of the presented assertion', async () => {
    const assertion = await acquireToken(emulator, credential, 'api://AzureADTokenExchange');
    emulator.fault('token', [{ refusal: 'AADSTS70021' }]);
    const { json } = await requestToken(emulator, credential, { client_assertion: assertion });
    expect(json.error_description).toContain(`Assertion Issuer: '${emulator.tokenUrl}/${emulator.tenantId}/v2.0'`);
    expect(json.error_description).toContain(`Assertion Subject: '${emulator.systemAssigned.objectId}'`);
  });

  it('takes another status when told so', async () => {
    emulator.fault('token', [{ refusal: 'AADSTS90033', status: 500 }]);
    expect((await requestToken(emulator, credential)).status).toBe(500);
  });
});

describe('IMDS', () => {
  it.each<[ImdsRefusalName, number, string]>([
    ['identity-not-found', 400, 'Identity not found'],
    ['several-identities', 400, 'Multiple user assigned identities exist'],
    ['no-user-assigned-identity', 400, 'No User Assigned or Delegated Managed Identity found'],
    ['identity-not-assigned', 400, "isn't assigned to this resource"],
    ['identity-not-yet-assigned', 400, 'has not been assigned to this resource'],
    ['too-many-requests', 429, 'Temporarily throttled'],
    ['forbidden-by-pod-identity', 403, 'no AzureAssignedIdentity found'],
  ])('refuses with %s in its own words', async (refusal, status, words) => {
    emulator.fault('getplatformmetadata', [{ refusal }]);
    const response = await imds(emulator, METADATA);
    expect([response.status, response.headers.get('server')]).toEqual([status, 'IMDS/150.870.65.1854']);
    expect(await response.text()).toContain(words);
  });
});

describe('a resource', () => {
  const ask = async (scheme: string, presented: Credential | undefined, token: string) =>
    call(`${emulator.resources.vault}/x`, {
      ca: emulator.ca,
      ...(presented ? { credential: presented } : {}),
      headers: { Authorization: `${scheme} ${token}`, 'x-ms-tokenboundauth': 'true' },
    });

  it('says in its marker that the certificate is missing, is another one, or that a bound token came as Bearer', async () => {
    const token = await acquireToken(emulator, credential, VAULT);
    const other = await mintCredential(emulator);
    const messageOf = async (...call: Parameters<typeof ask>) => (await ask(...call)).json.error as { message: string };
    expect((await messageOf('mtls_pop', undefined, token)).message).toMatch(/^\[MtlsMissingClientCertificate\] /);
    expect((await messageOf('mtls_pop', other, token)).message).toMatch(
      /^\[MtlsCnfClaimRequestDataValidationFailed\] /,
    );
    expect((await messageOf('Bearer', credential, token)).message).toContain('cnf claim');
  });

  it('passes after a refusal that was scripted', async () => {
    const token = await acquireToken(emulator, credential, VAULT);
    emulator.fault('resource', [
      { refusal: 'MtlsCnfClaimRequestDataValidationFailed' },
      { refusal: 'MtlsMissingClientCertificate' },
      { refusal: 'bound-token-as-bearer' },
    ]);
    const reasons: unknown[] = [];
    for (let time = 0; time < 4; time++) reasons.push((await ask('mtls_pop', credential, token)).json.reason);
    expect(reasons).toEqual(['other_certificate', 'no_certificate', 'wrong_scheme', undefined]);
  });
});
