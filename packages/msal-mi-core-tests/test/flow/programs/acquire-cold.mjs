/** Acquires one token without a logger, and prints how many exchanges it took. */
import { startEmulator } from 'msal-mi-emulator';

const emulator = await startEmulator();
Object.assign(process.env, emulator.env);
const { ManagedIdentityApplication, MtlsBindingStrength } = await import('msal-mi-core');
const app = new ManagedIdentityApplication({ system: { ca: emulator.ca } });
await app.acquireToken({
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
});
console.log(JSON.stringify({ exchanges: emulator.journal.length }));
await emulator.close();
