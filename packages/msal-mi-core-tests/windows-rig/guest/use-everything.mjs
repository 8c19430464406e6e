// Uses every library that the addons load: first asks for AttestationClientLib.dll without saying where it is, then acquires an
// attested token with a KeyGuard key and calls a resource with it. Prints what happened as JSON.
import { createAttestationProvider } from 'msal-key-attestation';
import { createAuthorizationHeader, ManagedIdentityApplication } from 'msal-mi-core';

const { RESOURCE, LIBRARY } = process.env;
const { libraryLoadable } = await createAttestationProvider().probe();
process.env.ATTESTATION_CLIENTLIB_PATH = LIBRARY;
const result = await new ManagedIdentityApplication().acquireToken({
  resource: RESOURCE,
  mtlsProofOfPossession: true,
  withAttestationSupport: true,
});
const headers = { authorization: createAuthorizationHeader(result) };
const { status } = await result.binding.fetch(`${RESOURCE}/hello`, { headers });
console.log(JSON.stringify({ isFoundUnnamed: libraryLoadable, tokenType: result.tokenType, status }));
