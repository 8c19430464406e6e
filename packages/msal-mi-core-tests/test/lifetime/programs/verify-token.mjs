/** Verifies one token with the built package, and prints what came of it. */
import { verifyMtlsPop } from 'msal-mi-core/resource-server';

const { token, jwks, certificate } = JSON.parse(process.argv[2]);
const issuer = 'https://issuer.example/tenant/v2.0';
await verifyMtlsPop(
  { authorization: `mtls_pop ${token}`, peerCertificate: Buffer.from(certificate, 'base64') },
  { issuer, audience: 'api://bound-api', jwks: new URL(jwks) },
).then(
  () => console.log('accepted'),
  (error) => console.log(`${error.errorCode}: ${error.errorMessage}`),
);
