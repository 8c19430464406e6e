// One process that acquires a token: prints what came of it as JSON. ACQUIRE: request options, and what else to do.
import { ManagedIdentityApplication } from 'msal-mi-core';
import { probe } from './rig.mjs';

const { exportKey, tlsOptions, capabilities, ...options } = JSON.parse(process.env.ACQUIRE ?? '{}');
const report = {};
try {
  const app = new ManagedIdentityApplication();
  if (capabilities) report.capabilities = await app.getManagedIdentityCapabilities();
  const request = { resource: 'https://graph.microsoft.com', mtlsProofOfPossession: true, ...options };
  const result = await app.acquireToken(request);
  report.strength = result.binding.strength;
  report.x5tS256 = result.binding.certificate.x5tS256;
  report.confirmed = JSON.parse(Buffer.from(result.accessToken.split('.')[1], 'base64url').toString('utf8')).cnf[
    'x5t#S256'
  ];
  if (exportKey) report.exportStatus = probe.exportPrivateKey('MsalMiKeyGuardRsaKey');
  if (tlsOptions) {
    try {
      result.binding.tlsOptions();
    } catch (error) {
      report.tlsOptions = error.errorCode;
    }
  }
} catch (error) {
  const { errorCode, stage, retryable, win32, remediation, message, name } = error;
  report.error = { errorCode, stage, retryable, win32, remediation, message, name };
}
console.log(JSON.stringify(report));
// The IMDS transport may keep a connection for a while; the report is all that was wanted.
process.exit(0);
