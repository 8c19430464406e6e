// Asks for an attested token. On Linux and macOS that ends before any network I/O: with credential_guard_requires_cng when
// a provider was found, with the guidance when there is none.
import { ManagedIdentityApplication } from 'msal-mi-core';

const request = { resource: 'https://vault.azure.net', mtlsProofOfPossession: true, withAttestationSupport: true };
// 1: a software key is accepted.
new ManagedIdentityApplication()
  .acquireToken({ ...request, minStrength: 1 })
  .catch(({ errorCode, remediation }) => console.log(JSON.stringify({ errorCode, remediation })));
