import { ManagedIdentityApplication, MtlsBindingStrength, createMtlsFetch } from 'msal-mi-core';

const { VAULT_URL, EMULATOR_VAULT_URL } = process.env;
const vaultUrl = VAULT_URL ?? EMULATOR_VAULT_URL;

const vaultFetch = createMtlsFetch(new ManagedIdentityApplication(), {
  resource: 'https://vault.azure.net',
  // Not for a vault in Azure: there the key is in KeyGuard, and host and header are known by the name of the vault.
  ...(vaultUrl === EMULATOR_VAULT_URL && {
    minStrength: MtlsBindingStrength.Software,
    allowedHosts: [new URL(vaultUrl).host],
    headers: { 'x-ms-tokenboundauth': 'true' },
  }),
});

const secretUrl = `${vaultUrl}/secrets/db-password?api-version=7.5`;
await vaultFetch(secretUrl, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ value: 'correct horse' }),
});
const response = await vaultFetch(secretUrl);
const { value } = await response.json();
console.log(`${response.status}: the secret is "${value}"`);
