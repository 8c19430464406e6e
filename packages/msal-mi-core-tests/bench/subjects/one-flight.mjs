/** 1 000 concurrent cold calls, once; the emulator's process counts the requests. */
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const app = new ManagedIdentityApplication();
const request = {
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
};
await Promise.all(Array.from({ length: 1_000 }, () => app.acquireToken(request)));
process.stdout.write('{}');
