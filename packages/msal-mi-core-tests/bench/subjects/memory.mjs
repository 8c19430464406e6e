/** Heap in use before and after 100 000 cached acquisitions, bytes. Needs --expose-gc. */
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const WARM_UP = 20_000;
const ACQUISITIONS = 100_000;
const app = new ManagedIdentityApplication();
const request = {
  resource: 'https://vault.azure.net',
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
};
const acquire = async (times) => {
  for (let i = 0; i < times; i++) await app.acquireToken(request);
};
const heapUsed = () => {
  for (let i = 0; i < 4; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
};

await acquire(WARM_UP);
const beforeBytes = heapUsed();
await acquire(ACQUISITIONS);
process.stdout.write(JSON.stringify({ beforeBytes, afterBytes: heapUsed(), acquisitions: ACQUISITIONS }));
