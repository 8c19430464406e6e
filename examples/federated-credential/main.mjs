import {
  BoundConfidentialClient,
  ManagedIdentityApplication,
  MtlsBindingStrength,
  createAuthorizationHeader,
  createManagedIdentityAssertion,
} from 'msal-mi-core';

const { EMULATOR_TOKEN_URL, EMULATOR_TENANT_ID, EMULATOR_VAULT_URL } = process.env;

// The managed identity is the credential of the application: its bound token is the application's client assertion.
const client = new BoundConfidentialClient({
  auth: {
    clientId: '22222222-2222-2222-2222-222222222222',
    authority: `${EMULATOR_TOKEN_URL}/${EMULATOR_TENANT_ID}`, // in Azure: https://login.microsoftonline.com/<tenant>
    clientAssertion: createManagedIdentityAssertion(new ManagedIdentityApplication(), {
      minStrength: MtlsBindingStrength.Software, // on a VM: leave it out
    }),
  },
});

const result = await client.acquireTokenByClientCredential({
  scopes: ['https://vault.azure.net/.default'],
  mtlsProofOfPossession: true,
});
// binding.fetch adds nothing, not even for a vault in Azure: createMtlsFetch sets both headers for vaults by itself.
const response = await result.binding.fetch(`${EMULATOR_VAULT_URL}/anything`, {
  headers: { authorization: createAuthorizationHeader(result), 'x-ms-tokenboundauth': 'true' },
});
const { clientId } = await response.json();
console.log(`${response.status}: called as the application ${clientId}, with a token of type ${result.tokenType}`);
