import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { startEmulator } from 'msal-mi-emulator';
import { acquireToken, call, mintCredential, requestToken } from './support/bound-client.js';
import { untilTheEnd } from '../support/until-the-end.js';

const VAULT = 'https://vault.azure.net';
const emulator = await untilTheEnd(startEmulator());

const credential = await mintCredential(emulator);
const other = await mintCredential(emulator);

function bound(token: string, headers: Record<string, string> = {}): Record<string, string> {
  return { Authorization: `mtls_pop ${token}`, ...headers };
}

it('J01: issues a token that names the SHA-256 of the presented certificate and that jose verifies with the key set', async () => {
  const reply = await requestToken(emulator, credential);
  expect(reply.status).toBe(200);
  expect(reply.json).toMatchObject({ token_type: 'mtls_pop', expires_in: 86_400 });
  const keys = createRemoteJWKSet(new URL(`${emulator.tokenUrl}/${credential.tenantId}/discovery/v2.0/keys`), {
    // The set is readable without a client certificate.
    [customFetch]: async (url: string) => new Response((await call(url, { ca: emulator.ca })).text),
  });
  const { payload } = await jwtVerify(reply.json.access_token as string, keys, {
    issuer: `${emulator.tokenUrl}/${credential.tenantId}/v2.0`,
    audience: emulator.resources.handshake,
    algorithms: ['RS256'],
  });
  expect(payload).toMatchObject({
    appid: emulator.systemAssigned.clientId,
    tid: emulator.tenantId,
    oid: emulator.systemAssigned.objectId,
    cnf: { 'x5t#S256': credential.thumbprint },
  });
});

it('serves the owner of the certificate on both resources', async () => {
  const token = await acquireToken(emulator, credential, emulator.resources.handshake);
  const handshake = await call(`${emulator.resources.handshake}/v1.0/me?x=1`, {
    ca: emulator.ca,
    credential,
    headers: bound(token),
    body: 'hello',
  });
  expect(handshake.json).toMatchObject({
    ok: true,
    method: 'POST',
    path: '/v1.0/me',
    body: 'hello',
    thumbprint: credential.thumbprint,
  });

  const vaultToken = await acquireToken(emulator, credential, VAULT);
  const vault = await call(`${emulator.resources.vault}/secrets/one`, {
    ca: emulator.ca,
    credential,
    headers: bound(vaultToken, { 'x-ms-tokenboundauth': 'true' }),
  });
  expect(vault.json).toMatchObject({ ok: true, audience: VAULT, thumbprint: credential.thumbprint });
});

it('refuses a stolen token on both resources, with another certificate and with none', async () => {
  const token = await acquireToken(emulator, credential, emulator.resources.handshake);
  const vaultToken = await acquireToken(emulator, credential, VAULT);
  const { handshake, vault } = emulator.resources;
  const late = { 'x-ms-tokenboundauth': 'true' };
  const attempts = [
    await call(handshake, { ca: emulator.ca, credential: other, headers: bound(token) }),
    await call(handshake, { ca: emulator.ca, headers: bound(token) }),
    await call(vault, { ca: emulator.ca, credential: other, headers: bound(vaultToken, late) }),
    await call(vault, { ca: emulator.ca, headers: bound(vaultToken, late) }),
    await call(vault, { ca: emulator.ca, credential, headers: bound(vaultToken) }),
  ];
  expect(attempts.map(({ status, json }) => [status, json.reason])).toEqual([
    [401, 'other_certificate'],
    [401, 'no_certificate'],
    [401, 'other_certificate'],
    [401, 'no_certificate'],
    [401, 'no_certificate'],
  ]);
});
