import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { ManagedIdentityApplication, MtlsBindingStrength, createAuthorizationHeader } from 'msal-mi-core';
import { startApi } from './server.mjs';

const { EMULATOR_TOKEN_URL, EMULATOR_TENANT_ID, NODE_EXTRA_CA_CERTS } = process.env;
const audience = 'api://orders';
const tenant = `${EMULATOR_TOKEN_URL}/${EMULATOR_TENANT_ID}`;
const { server, url } = await startApi({ audience, issuer: `${tenant}/v2.0`, jwks: `${tenant}/discovery/v2.0/keys` });

const serverCa = readFileSync('server.pem', 'utf8');
const app = new ManagedIdentityApplication({ system: { ca: [readFileSync(NODE_EXTRA_CA_CERTS, 'utf8'), serverCa] } });
const result = await app.acquireToken({
  resource: audience,
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software, // on a VM: leave it out
});
const authorization = createAuthorizationHeader(result);

const response = await result.binding.fetch(url, { headers: { authorization } });
console.log(`the owner of the key: ${response.status} ${await response.text()}`);

// A thief has the whole header, and no certificate.
const stolen = request(url, { ca: serverCa, headers: { authorization } }, (refusal) => {
  console.log(`a thief with the token: ${refusal.statusCode} ${refusal.headers['www-authenticate']}`);
  refusal.resume();
  server.close();
  server.closeAllConnections();
});
stolen.end();
