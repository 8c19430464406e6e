// The same as ask-for-attestation.mjs, in CommonJS.
const { ManagedIdentityApplication } = require('msal-mi-core');

const request = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true, withAttestationSupport: true };
new ManagedIdentityApplication()
  .acquireToken({ ...request, minStrength: 1 })
  .catch(({ errorCode, remediation }) => console.log(JSON.stringify({ errorCode, remediation })));
