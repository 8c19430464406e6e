import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { startEmulator, type Emulator } from 'msal-mi-emulator';
import { postCsr } from './support/bound-client.js';
import { makeRequest, type OpensslRequest } from './support/openssl-request.js';

const MISSING = 'Attestation Token is missing / empty in the issue credential request';
let nowMs: number;
let emulator: Emulator;
let mine: OpensslRequest;
let other: OpensslRequest;

beforeAll(async () => {
  nowMs = Date.now();
  emulator = await startEmulator({
    attestation: 'required',
    cuId: { vmId: 'vm-1' },
    attestationTokenLifetimeSeconds: 600,
    now: () => nowMs,
  });
  const content = { tenantId: emulator.tenantId, clientId: emulator.systemAssigned.clientId, cuId: '{"vmId":"vm-1"}' };
  [mine, other] = await Promise.all([makeRequest(content), makeRequest(content)]);
}, 30_000);
afterAll(() => emulator.close());

function spki({ key }: OpensslRequest): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

async function attest(evidence: unknown): Promise<Response> {
  return fetch(`${emulator.maaUrl}/attest/keyguard?api-version=2026-01-01`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(evidence),
  });
}

async function attestedToken(request: OpensslRequest): Promise<string> {
  const response = await attest({ publicKey: spki(request), isolation: true, clientId: 'c' });
  return ((await response.json()) as { token: string }).token;
}

async function descriptionOf(response: Response): Promise<string> {
  expect(response.status).toBe(400);
  return ((await response.json()) as { error_description: string }).error_description;
}

it('signs a statement about the key that jose verifies with the published key set', async () => {
  const keys = createLocalJWKSet((await (await fetch(`${emulator.maaUrl}/certs`)).json()) as JSONWebKeySet);
  const { payload } = await jwtVerify(await attestedToken(mine), keys, {
    issuer: emulator.maaUrl,
    algorithms: ['RS256'],
  });
  const { n, e } = mine.key.export({ format: 'jwk' });
  expect(payload['x-ms-runtime']).toMatchObject({ keys: [{ kty: 'RSA', n, e }] });
  expect(payload.exp! - payload.iat!).toBe(600);
});

it('takes the key as modulus and exponent too', async () => {
  const { n, e } = mine.key.export({ format: 'jwk' });
  expect((await attest({ publicKey: { n, e }, isolation: true, clientId: 'c' })).status).toBe(200);
});

it.each([
  ['a key that is not isolated', { isolation: false }],
  ['isolation that is not a boolean', { isolation: 'true' }],
  ['no key', { publicKey: undefined }],
  ['a key that cannot be read', { publicKey: 'AAAA' }],
  ['no client id', { clientId: '' }],
])('refuses %s', async (_what, change) => {
  const evidence = { publicKey: spki(mine), isolation: true, clientId: 'c', ...change };
  expect((await attest(evidence)).status).toBe(400);
});

it('G02: issues nothing without an attestation token', async () => {
  expect(await descriptionOf(await postCsr(emulator, { csr: mine.csr }))).toBe(MISSING);
  expect(await descriptionOf(await postCsr(emulator, { csr: mine.csr, attestation_token: '' }))).toBe(MISSING);
});

it('F01: issues a certificate for an attested key', async () => {
  const token = await attestedToken(mine);
  expect((await postCsr(emulator, { csr: mine.csr, attestation_token: token })).status).toBe(200);
});

it('issues nothing for a statement about another key', async () => {
  const token = await attestedToken(other);
  const description = await descriptionOf(await postCsr(emulator, { csr: mine.csr, attestation_token: token }));
  expect(description).toContain('another key');
});

it('issues nothing for an expired, a changed or a foreign statement', async () => {
  const token = await attestedToken(mine);
  nowMs += 601_000;
  expect(await descriptionOf(await postCsr(emulator, { csr: mine.csr, attestation_token: token }))).toContain(
    'expired',
  );
  nowMs -= 601_000;
  const [header, , signature] = token.split('.') as [string, string, string];
  const claims = Buffer.from(JSON.stringify({ iss: emulator.maaUrl, exp: 9e9 })).toString('base64url');
  const changed = `${header}.${claims}.${signature}`;
  expect(await descriptionOf(await postCsr(emulator, { csr: mine.csr, attestation_token: changed }))).toContain(
    'not signed by',
  );
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.AA`;
  expect(await descriptionOf(await postCsr(emulator, { csr: mine.csr, attestation_token: none }))).toContain('RS256');
});
