// The main job, end to end, against the embedded emulator: acquire a bound token, use it, fail to steal it.
import { fork } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { ManagedIdentityApplication, MtlsBindingStrength, createAuthorizationHeader } from 'msal-mi-core';
import { startEmulator } from 'msal-mi-emulator';
import { bold, dim, expect, fact, heading, ok, refused, step } from './print.mjs';

const STEPS = {
  key: ['1', 'key', 'an RSA-2048 key: KeyGuard on Windows, in memory here'],
  metadata: ['2', 'metadata', 'GET getplatformmetadata, beside step 1'],
  csr: ['3', 'csr', 'PKCS#10, signed with RSA-PSS by that key'],
  attestation: ['4', 'attestation', 'not asked for: a software key cannot be attested'],
  issuecredential: ['5', 'issuecredential', 'POST the CSR, receive a certificate'],
  bind: ['6', 'bind', 'the certificate holds our public key'],
  token: ['7', 'token', 'POST to the token endpoint over mutual TLS'],
};
for (const [name, description] of Object.entries(STEPS)) {
  tracingChannel(`msal-mi-core:${name}`).subscribe({ asyncEnd: ({ durationMs }) => step(...description, durationMs) });
}

heading('Emulator');
const emulator = await startEmulator();
process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
fact('IMDS v2', emulator.imdsUrl);
fact('token endpoint', emulator.tokenUrl);

try {
  await main();
} finally {
  await emulator.close();
}

async function main() {
  const app = new ManagedIdentityApplication({ system: { ca: emulator.ca } });
  const request = { mtlsProofOfPossession: true, minStrength: MtlsBindingStrength.Software };

  heading('Acquire a token for Key Vault');
  const result = await app.acquireToken({ resource: 'https://vault.azure.net', ...request });

  heading('What the token is bound to');
  const claims = JSON.parse(Buffer.from(result.accessToken.split('.')[1], 'base64url').toString());
  fact('token type', result.tokenType);
  fact('certificate SHA-256', result.bindingCertificate.x5tS256);
  fact('cnf["x5t#S256"]', claims.cnf['x5t#S256']);
  expect(result.tokenType === 'mtls_pop', 'the token type is mtls_pop');
  expect(claims.cnf['x5t#S256'] === result.bindingCertificate.x5tS256, 'the token names the certificate');
  const again = await app.acquireToken({ resource: 'https://vault.azure.net', ...request });
  expect(again.fromCache, 'the second call is a look-up in memory');

  heading('Use it');
  const vaultUrl = `${emulator.resources.vault}/secrets/demo`;
  const answers = {
    'vault (certificate by TLS 1.2 renegotiation)': await call(result, vaultUrl),
    'API (certificate at the handshake)': await call(
      await app.acquireToken({ resource: new URL(emulator.resources.handshake).origin, ...request }),
      `${emulator.resources.handshake}/orders`,
    ),
  };
  for (const [name, { status, body }] of Object.entries(answers)) {
    ok(`${name}: ${status}`, `saw certificate ${body.thumbprint}`);
    expect(status === 200 && body.thumbprint === result.bindingCertificate.x5tS256, `${name} accepted the token`);
  }
  const mints = emulator.journal.filter(({ url }) => url.includes('/issuecredential')).length;
  expect(mints === 1, 'both tokens share one certificate');

  heading('Steal it');
  const stolen = { token: result.accessToken, url: vaultUrl, imdsUrl: emulator.imdsUrl, ca: emulator.ca };
  for (const { name, status, reason } of await runThief(stolen)) {
    refused(`${name}: ${status}`, reason);
    expect(status === 401, `the resource refuses the token ${name}`);
  }
  console.log(`\n${bold('A copy of the token is worth nothing without the key.')} ${dim('npm test proves the rest.')}`);
}

async function call(result, url) {
  const headers = { authorization: createAuthorizationHeader(result), 'x-ms-tokenboundauth': 'true' };
  const response = await result.binding.fetch(url, { headers });
  return { status: response.status, body: await response.json() };
}

/** Another process stands for another machine: it has the token, its own certificate, and not our key. */
async function runThief(stolen) {
  const thief = fork(new URL('./thief.mjs', import.meta.url), { stdio: 'inherit' });
  thief.send(stolen);
  const [attempts] = await once(thief, 'message');
  return attempts;
}
