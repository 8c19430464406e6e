import { Worker, isMainThread, parentPort, threadId } from 'node:worker_threads';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

/** Each thread has caches of its own, and a binding of its own: tokens do not cross. */
async function acquire() {
  const { tokenType, bindingCertificate } = await new ManagedIdentityApplication().acquireToken({
    resource: 'https://vault.azure.net',
    mtlsProofOfPossession: true,
    minStrength: MtlsBindingStrength.Software, // on a VM: leave it out; KeyGuard's key is one for all threads
  });
  return { threadId, tokenType, certificate: bindingCertificate.x5tS256 };
}

if (isMainThread) {
  const workers = [1, 2].map(() => new Worker(new URL(import.meta.url)));
  const answers = await Promise.all(workers.map((worker) => new Promise((done) => worker.once('message', done))));
  for (const { tokenType } of answers) console.log(`a worker has a token of type ${tokenType}`);
  console.log(`${new Set(answers.map(({ certificate }) => certificate)).size} certificates`);
} else {
  parentPort.postMessage(await acquire());
}
