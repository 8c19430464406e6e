// Attests in a worker thread as often as it is told.
import { parentPort, workerData } from 'node:worker_threads';
import { createAttestationProvider } from 'msal-key-attestation';

const { libraryPath, keyName, count } = workerData;
const key = { providerName: 'Microsoft Software Key Storage Provider', keyName, scope: 'user' };
let lines = 0;
const provider = createAttestationProvider({
  libraryPath,
  logger: { loggerCallback: () => (lines += 1), logLevel: 2 },
});
for (let n = 0; n < count; n += 1) {
  const { jwt } = await provider.attest({ endpoint: 'https://maa.example.net', clientId: `${n}`, cacheKey: '', key });
  parentPort.postMessage({ jwt, lines });
}
