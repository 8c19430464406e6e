/** What verifyMtlsPop accepts: of tokens, of authorization headers, of keys. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { verifyMtlsPop } from 'core/resource-server/index.js';
import { AUDIENCE, ISSUER, type TokenIssuer } from '../support/bound-tokens.js';
import { ResourceServers, type Client } from '../support/resource-servers.js';
import { untilTheEnd } from '../support/until-the-end.js';

const servers = await untilTheEnd(ResourceServers.start());
let issuer: TokenIssuer;
let client: Client;
let thief: Client;
let origin: string;

beforeAll(async () => {
  ({ issuer, client, thief } = servers);
  origin = await servers.serve();
});

const verify: ResourceServers['verify'] = (...args) => servers.verify(...args);

const now = () => Math.floor(Date.now() / 1000);
const REFUSED_CLAIMS: Array<[string, string, () => Record<string, unknown>]> = [
  ['no confirmation claim', 'not_bound', () => ({ cnf: undefined })],
  ['a confirmation claim that is not an object', 'not_bound', () => ({ cnf: 'x' })],
  ['a confirmation of a key instead of a certificate', 'not_bound', () => ({ cnf: { jkt: 'A'.repeat(43) } })],
  ['an empty thumbprint', 'not_bound', () => ({ cnf: { 'x5t#S256': '' } })],
  ['a list of thumbprints', 'not_bound', () => ({ cnf: { 'x5t#S256': [client.x5tS256] } })],
  [
    'the thumbprint in hexadecimal',
    'not_bound',
    () => ({
      cnf: { 'x5t#S256': Buffer.from(client.x5tS256, 'base64url').toString('hex') },
    }),
  ],
  ['the thumbprint of another certificate', 'other_certificate', () => ({ cnf: { 'x5t#S256': thief.x5tS256 } })],
  ['another issuer', 'wrong_issuer', () => ({ iss: 'https://issuer.example/other/v2.0' })],
  ['no issuer', 'wrong_issuer', () => ({ iss: undefined })],
  ['another audience', 'wrong_audience', () => ({ aud: 'api://other' })],
  ['no audience', 'wrong_audience', () => ({ aud: undefined })],
  ['an end in the past', 'expired', () => ({ exp: now() - 5 })],
  ['no end', 'missing_claim', () => ({ exp: undefined })],
  ['a beginning in the future', 'not_yet_valid', () => ({ nbf: now() + 300 })],
  ['a beginning that is not a number', 'missing_claim', () => ({ nbf: 'tomorrow' })],
];
test.each(REFUSED_CLAIMS)('a token with %s is refused as %s', async (_name, reason, changes) => {
  const authorization = `mtls_pop ${await issuer.sign(client.x5tS256, changes())}`;
  expect((await servers.call(client, authorization, origin)).status).toBe(401);
  await expect(verify(authorization)).rejects.toMatchObject({
    name: 'MtlsPopRefusal',
    errorCode: 'invalid_token',
    httpStatus: 401,
    reason,
  });
});

test.each([
  ['cnf', undefined],
  ['x5t#S256', {}],
])('a polluted Object.prototype.%s binds no token', async (name, cnf) => {
  const authorization = `mtls_pop ${await issuer.sign(client.x5tS256, { cnf })}`;
  const value = name === 'cnf' ? { 'x5t#S256': client.x5tS256 } : client.x5tS256;
  Object.defineProperty(Object.prototype, name, { value, configurable: true });
  try {
    await expect(verify(authorization)).rejects.toMatchObject({ name: 'MtlsPopRefusal', reason: 'not_bound' });
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
});

test('a token that another key signed under the name of the published one is refused', async () => {
  const { privateKey } = await generateKeyPair('RS256');
  const forged = await issuer.sign(client.x5tS256, {}, {}, privateKey);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'invalid_signature' });
});

test('a token that was changed after it was signed is refused', async () => {
  const [header, , signature] = (await issuer.sign(thief.x5tS256)).split('.');
  const [, payload] = (await issuer.sign(client.x5tS256)).split('.');
  await expect(verify(`mtls_pop ${[header, payload, signature].join('.')}`)).rejects.toMatchObject({
    reason: 'invalid_signature',
  });
});

test('key confusion: a token signed with the public key as shared secret is refused', async () => {
  const claims = (await issuer.sign(client.x5tS256)).split('.')[1]!;
  const spki = await exportSPKI((await importJWK(issuer.publicJwk, 'RS256')) as Parameters<typeof exportSPKI>[0]);
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'key-1' })).toString('base64url');
  const mac = createHmac('sha256', spki).update(`${header}.${claims}`).digest('base64url');
  const jwks = () => Promise.resolve(new TextEncoder().encode(spki));
  for (const changes of [{}, { jwks }]) {
    await expect(verify(`mtls_pop ${header}.${claims}.${mac}`, changes)).rejects.toMatchObject({
      reason: 'algorithm_not_allowed',
    });
  }
});

test.each(['none', 'None', 'HS512', 'RS1'])('the algorithm %s is refused', async (alg) => {
  const [, payload, signature] = (await issuer.sign(client.x5tS256)).split('.');
  const header = Buffer.from(JSON.stringify({ alg, kid: 'key-1' })).toString('base64url');
  await expect(verify(`mtls_pop ${header}.${payload}.${signature}`)).rejects.toMatchObject({
    reason: 'algorithm_not_allowed',
  });
});

test('a key that the token brings along is not looked at', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claims = JSON.parse(
    Buffer.from((await issuer.sign(client.x5tS256)).split('.')[1]!, 'base64url').toString(),
  ) as object;
  const jwk = publicKey.export({ format: 'jwk' });
  const forged = await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'own', jwk })
    .sign(privateKey);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'unknown_key' });
});

test('an algorithm that the published key is not for is refused', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const forged = await issuer.sign(client.x5tS256, {}, { alg: 'ES256' }, privateKey as never);
  await expect(verify(`mtls_pop ${forged}`)).rejects.toMatchObject({ reason: 'unknown_key' });
  const jwks = () => importJWK(issuer.publicJwk, 'RS256');
  await expect(verify(`mtls_pop ${forged}`, { jwks })).rejects.toMatchObject({ reason: 'unknown_key' });
});

test.each([
  [undefined, 'no_authorization', 'mtls_pop'],
  ['', 'no_authorization', 'mtls_pop'],
  ['Bearer abc', 'wrong_scheme', 'mtls_pop'],
  ['mtls_popx abc', 'wrong_scheme', 'mtls_pop'],
  ['mtls_pop', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a b', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop abc', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a.b.c', 'malformed_token', 'mtls_pop error="invalid_token"'],
  ['mtls_pop a.b.c.d.e', 'malformed_token', 'mtls_pop error="invalid_token"'],
])('the header %j is refused as %s', async (authorization, reason, challenge) => {
  const error: unknown = await verify(authorization).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ reason });
  expect((error as { wwwAuthenticate: string }).wwwAuthenticate.startsWith(challenge)).toBe(true);
});

test('without a certificate nothing is verified at all', async () => {
  const { fetched } = issuer;
  for (const peerCertificate of [undefined, new Uint8Array()]) {
    const input = { authorization: `mtls_pop ${await issuer.sign(client.x5tS256)}`, peerCertificate };
    await expect(verifyMtlsPop(input, servers.options)).rejects.toMatchObject({ reason: 'no_certificate' });
  }
  expect(issuer.fetched).toBe(fetched);
});

test('several issuers and audiences, further claims and a clock tolerance can be named', async () => {
  const changes = { issuer: ['https://other.example', ISSUER], audience: ['api://other', AUDIENCE] };
  const late = `mtls_pop ${await issuer.sign(client.x5tS256, { exp: now() - 5, nbf: now() - 60 })}`;
  await expect(verify(late, { ...changes, clockToleranceSeconds: 60 })).resolves.toBeDefined();
  await expect(verify(late, { ...changes, clockToleranceSeconds: 2 })).rejects.toMatchObject({ reason: 'expired' });
  const good = `mtls_pop ${await issuer.sign(client.x5tS256, { roles: ['Reader'] })}`;
  await expect(verify(good, { requiredClaims: ['roles'] })).resolves.toBeDefined();
  await expect(verify(good, { requiredClaims: ['scp'] })).rejects.toMatchObject({ reason: 'missing_claim' });
});

test('no error holds the token', async () => {
  const token = await issuer.sign(thief.x5tS256);
  const error: unknown = await verify(`mtls_pop ${token}`).catch((thrown: unknown) => thrown);
  expect(JSON.stringify(error) + String(error) + String((error as Error).stack)).not.toContain('eyJ');
});
