import { SecretClient } from '@azure/keyvault-secrets';
import { MtlsBindingStrength } from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';

const { VAULT_URL, EMULATOR_VAULT_URL } = process.env;
const vaultUrl = VAULT_URL ?? EMULATOR_VAULT_URL;
const isEmulated = vaultUrl === EMULATOR_VAULT_URL;

const credential = new MtlsManagedIdentityCredential({
  // The emulator has software keys, and its vault is not below vault.azure.net, where tokens for Key Vault may go.
  ...(isEmulated && { minStrength: MtlsBindingStrength.Software, allowedHosts: [new URL(vaultUrl).host] }),
});
const client = new SecretClient(
  vaultUrl,
  credential,
  // The SDK refuses a vault that is not below vault.azure.net: the emulator is on localhost.
  withMtlsPop(credential, { disableChallengeResourceVerification: isEmulated }),
);

await client.setSecret('db-password', 'correct horse');
const { name, value } = await client.getSecret('db-password');
console.log(`${name} is "${value}"`);
