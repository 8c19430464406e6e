import { X509Certificate } from 'node:crypto';
import { decodeJwt } from 'jose';
import { startEmulator, type Fault, type FaultLeg } from 'msal-mi-emulator';
import {
  acquireToken,
  call,
  imds,
  mintCredential,
  postCsr,
  requestToken,
  type Credential,
} from './support/bound-client.js';
import { eventually } from './support/eventually.js';
import { makeRequest, type OpensslRequest } from './support/openssl-request.js';
import { untilTheEnd } from '../support/until-the-end.js';

const METADATA = 'identity/getplatformmetadata?cred-api-version=2.0';
const emulator = await untilTheEnd(startEmulator({ cuId: { vmId: 'vm-1' } }));
let credential: Credential;
let request: OpensslRequest;

beforeAll(async () => {
  credential = await mintCredential(emulator);
  const { tenantId, systemAssigned } = emulator;
  request = await makeRequest({ tenantId, clientId: systemAssigned.clientId, cuId: '{"vmId":"vm-1"}' });
});
beforeEach(() => emulator.reset());

it('answers with the scripted statuses in their order, one per request, then as usual', async () => {
  emulator.fault('getplatformmetadata', [{ status: 500 }, { status: 410 }]);
  emulator.fault('getplatformmetadata', [{ status: 404, body: 'gone' }]);
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt++) statuses.push((await imds(emulator, METADATA)).status);
  expect(statuses).toEqual([500, 410, 404, 200]);
  expect(emulator.journal.map(({ fault }) => fault?.status)).toEqual([500, 410, 404, undefined]);
});

it('leaves the other legs alone', async () => {
  emulator.fault('getplatformmetadata', [{ status: 500 }]);
  expect((await postCsr(emulator, { csr: request.csr })).status).toBe(200);
  expect((await imds(emulator, METADATA)).status).toBe(500);
});

it('sends scripted bodies and headers, and can take the Server header away', async () => {
  emulator.fault('getplatformmetadata', [
    { status: 429, headers: { 'Retry-After': '7' }, body: { error: 'throttled' } },
    { headers: { Server: null } },
    { headers: { Server: 'nginx' } },
  ]);
  const throttled = await imds(emulator, METADATA);
  expect(throttled.headers.get('retry-after')).toBe('7');
  expect(throttled.headers.get('server')).toContain('IMDS');
  expect(await throttled.json()).toEqual({ error: 'throttled' });
  const silent = await imds(emulator, METADATA);
  expect([silent.status, silent.headers.get('server')]).toEqual([200, null]);
  expect((await imds(emulator, METADATA)).headers.get('server')).toBe('nginx');
});

it('changes single members of the real answer', async () => {
  emulator.fault('getplatformmetadata', [{ patch: { attestationEndpoint: null, cuId: 'text' } }]);
  const body = (await (await imds(emulator, METADATA)).json()) as object;
  expect(Object.keys(body).sort()).toEqual(['clientId', 'cuId', 'tenantId']);
  expect(body).toMatchObject({ cuId: 'text' });
});

it('delays an answer, and forgets it when the client goes away', async () => {
  emulator.fault('getplatformmetadata', [{ delayMs: 20 }, { delayMs: 60_000 }]);
  expect((await imds(emulator, METADATA)).status).toBe(200);
  const waiting = imds(emulator, METADATA, { signal: AbortSignal.timeout(50) });
  await expect(waiting).rejects.toThrow();
  await eventually(() => emulator.journal.some(({ failure }) => failure?.includes('went away')));
});

it('cuts the connection of a plain http leg before, and in the middle of, an answer', async () => {
  emulator.fault('getplatformmetadata', [{ reset: 'handshake' }, { reset: 'before-response' }, { reset: 'mid-body' }]);
  await expect(imds(emulator, METADATA)).rejects.toThrow();
  await expect(imds(emulator, METADATA)).rejects.toThrow();
  const truncated = await imds(emulator, METADATA);
  expect(truncated.status).toBe(200);
  await expect(truncated.text()).rejects.toThrow();
  expect(emulator.journal.map(({ status }) => status)).toEqual([0, 0, 200]);
});

it('C07: truncates JSON that stays complete on the wire', async () => {
  emulator.fault('getplatformmetadata', [{ mutate: 'malformed-json' }]);
  const text = await (await imds(emulator, METADATA)).text();
  expect(text).toMatch(/^\{"clientId"/);
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
});

it('issues a certificate for another key, or bytes that are none', async () => {
  emulator.fault('issuecredential', [{ mutate: 'other-key-certificate' }, { mutate: 'not-a-certificate' }]);
  const certificateOf = async () =>
    Buffer.from(
      ((await (await postCsr(emulator, { csr: request.csr })).json()) as { certificate: string }).certificate,
      'base64',
    );
  const other = new X509Certificate(await certificateOf());
  expect(other.subject).toContain(emulator.systemAssigned.clientId);
  expect(other.publicKey.equals(request.key)).toBe(false);
  const garbage = await certificateOf();
  expect(() => new X509Certificate(garbage)).toThrow();
});

it('answers the attestation leg with an error', async () => {
  emulator.fault('attest', [{ status: 503 }]);
  const response = await fetch(`${emulator.maaUrl}/attest/keyguard?api-version=1`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(503);
});

describe('token leg', () => {
  it('answers with a scripted OAuth error in the shape of Entra ID', async () => {
    const oauthError = {
      error: 'invalid_request',
      error_description: 'AADSTS1000901: too late.',
      error_codes: [1000901],
    };
    emulator.fault('token', [{ oauthError }, { oauthError: { error: 'invalid_client' } }, { status: 503, oauthError }]);
    const first = await requestToken(emulator, credential);
    expect(first.status).toBe(400);
    expect(first.json).toMatchObject({ ...oauthError, trace_id: expect.any(String) as string });
    expect((await requestToken(emulator, credential)).status).toBe(401);
    expect((await requestToken(emulator, credential)).status).toBe(503);
  });

  it.each<[NonNullable<Fault['mutate']>, Record<string, unknown>]>([
    ['bearer-token-type', { token_type: 'Bearer' }],
    ['no-token-type', { token_type: undefined }],
    ['no-access-token', { access_token: undefined, token_type: 'mtls_pop' }],
  ])('makes the answer wrong: %s', async (mutate, expected) => {
    emulator.fault('token', [{ mutate }]);
    const { json } = await requestToken(emulator, credential);
    for (const [member, value] of Object.entries(expected)) expect(json[member]).toBe(value);
  });

  it('binds the token to another certificate, and the resource notices', async () => {
    emulator.fault('token', [{ mutate: 'wrong-cnf' }]);
    const token = await acquireToken(emulator, credential, emulator.resources.handshake);
    const { cnf } = decodeJwt(token);
    expect(cnf).toEqual({ 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) as string });
    expect(cnf).not.toEqual({ 'x5t#S256': credential.thumbprint });
    const headers = { Authorization: `mtls_pop ${token}` };
    const reply = await call(emulator.resources.handshake, { ca: emulator.ca, credential, headers });
    expect(reply.json.reason).toBe('other_certificate');
  });

  it('J36: cuts the TLS handshake of the next request only', async () => {
    emulator.fault('token', [{ reset: 'handshake' }]);
    await expect(requestToken(emulator, credential)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(emulator.journal).toMatchObject([{ leg: 'token', method: '', status: 0, fault: { reset: 'handshake' } }]);
    expect((await requestToken(emulator, credential)).status).toBe(200);
  });

  it.each([
    ['bad_certificate', 'alert bad certificate'],
    ['certificate_expired', 'alert certificate expired'],
    ['unknown_ca', 'alert unknown ca'],
  ] as const)('ends the handshake with the alert %s', async (tlsAlert, message) => {
    emulator.fault('token', [{ reset: 'handshake', tlsAlert }]);
    await expect(requestToken(emulator, credential)).rejects.toThrow(message);
  });
});

it('cuts the handshake of a resource, even when the client has an idle connection', async () => {
  emulator.fault('resource', [{ reset: 'handshake' }, { status: 503 }]);
  const { handshake } = emulator.resources;
  await expect(call(handshake, { ca: emulator.ca, credential })).rejects.toThrow();
  expect((await call(handshake, { ca: emulator.ca, credential })).status).toBe(503);
});

it('reset forgets faults and journal', async () => {
  emulator.fault('getplatformmetadata', [{ status: 500 }]);
  await imds(emulator, 'identity/credential');
  emulator.reset();
  expect(emulator.journal).toEqual([]);
  expect((await imds(emulator, METADATA)).status).toBe(200);
});

it.each<[string, string, unknown]>([
  ['an unknown leg', 'imds', [{ status: 500 }]],
  ['no array', 'token', { status: 500 }],
  ['no object', 'token', [null]],
  ['an empty fault', 'token', [{}]],
  ['an unknown member', 'token', [{ state: 500 }]],
  ['a status that is none', 'token', [{ status: 99 }]],
  ['a status as text', 'token', [{ status: '500' }]],
  ['an informational status', 'token', [{ status: 100 }]],
  ['a negative delay', 'token', [{ delayMs: -1 }]],
  ['an endless delay', 'token', [{ delayMs: Infinity }]],
  ['a header with a line end', 'token', [{ headers: { a: 'b\r\nc: d' } }]],
  ['an unknown reset', 'token', [{ reset: 'later' }]],
  ['an unknown mutation', 'token', [{ mutate: 'x' }]],
  ['a mutation of another leg', 'token', [{ mutate: 'not-a-certificate' }]],
  ['a mutation of a scripted answer', 'token', [{ status: 200, mutate: 'wrong-cnf' }]],
  ['two scripted answers', 'token', [{ body: 'x', oauthError: { error: 'y' } }]],
  ['an OAuth error without error', 'token', [{ oauthError: {} }]],
  ['codes that are not numbers', 'token', [{ oauthError: { error: 'x', error_codes: ['1'] } }]],
  ['a reset after the handshake on plain http', 'attest', [{ reset: 'after-handshake' }]],
  ['silence after the handshake on plain http', 'getplatformmetadata', [{ hang: 'after-handshake' }]],
  ['a reset and silence', 'token', [{ reset: 'handshake', hang: 'handshake' }]],
  ['a way to reset without a reset', 'token', [{ status: 500, resetBy: 'rst' }]],
  ['a way to reset beside an alert', 'token', [{ reset: 'handshake', tlsAlert: 'unknown_ca', resetBy: 'rst' }]],
  ['an unknown way to reset', 'token', [{ reset: 'mid-body', resetBy: 'x' }]],
  ['an unknown silence', 'token', [{ hang: 'after-processing' }]],
  ['an unknown refusal', 'token', [{ refusal: 'AADSTS1' }]],
  ['a refusal of another leg', 'token', [{ refusal: 'identity-not-found' }]],
  ['a refusal of a leg without any', 'attest', [{ refusal: 'identity-not-found' }]],
  ['a refusal beside a body', 'token', [{ refusal: 'AADSTS700016', body: 'x' }]],
  ['an audience alone', 'token', [{ audience: 'https://vault.azure.net' }]],
  ['an audience of a leg without any', 'resource', [{ status: 500, audience: 'https://vault.azure.net' }]],
  ['an audience before the request is read', 'token', [{ reset: 'handshake', audience: 'https://vault.azure.net' }]],
  ['a negative Retry-After', 'token', [{ status: 429, retryAfter: { seconds: -1 } }]],
  ['another form of Retry-After', 'token', [{ status: 429, retryAfter: { seconds: 1, as: 'x' } }]],
  ['a certificate of another leg', 'token', [{ certificate: { lifetimeSeconds: 1 } }]],
  ['a certificate with an unknown member', 'issuecredential', [{ certificate: { life: 1 } }]],
  ['an endless body that is not a flag', 'token', [{ endlessBody: 1 }]],
  ['an alert without a handshake', 'token', [{ tlsAlert: 'unknown_ca' }]],
  ['an alert on plain http', 'attest', [{ reset: 'handshake', tlsAlert: 'unknown_ca' }]],
  ['a body that JSON cannot hold', 'token', [{ body: 1n }]],
])('refuses %s with a TypeError and queues nothing', async (_what, leg, faults) => {
  const valid = Array.isArray(faults) ? [{ status: 503 }, ...(faults as Fault[])] : faults;
  expect(() => emulator.fault(leg as FaultLeg, valid as Fault[])).toThrow(TypeError);
  expect((await requestToken(emulator, credential)).status).toBe(200);
});
