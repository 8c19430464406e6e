// Two native libraries in one process. Arguments: `ours` or `theirs`, whichever is loaded first; `main` or `worker`, where.
// In a worker that ends, both are unloaded with it; the main thread uses both afterwards in any case. Prints what happened
// as JSON.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const [first, where] = process.argv.slice(2);

/** An attested token over our two addons, and a call with it. */
async function useOurs() {
  const { createAuthorizationHeader, ManagedIdentityApplication } = await import('msal-mi-core');
  const result = await new ManagedIdentityApplication().acquireToken({
    resource: 'https://graph.microsoft.com',
    mtlsProofOfPossession: true,
    withAttestationSupport: true,
  });
  const headers = { authorization: createAuthorizationHeader(result) };
  const { status } = await result.binding.fetch(`${process.env.RESOURCE}/echo`, { headers });
  return { tokenType: result.tokenType, status };
}

/** The accounts of this Windows, which has none: a call that goes through the library and comes back on its own thread. */
function useTheirs() {
  const { msalNodeRuntime: runtime } = createRequire(import.meta.url)(process.env.RIG_MSAL_RUNTIME);
  if (runtime.StartupError) throw new Error(JSON.stringify(runtime.StartupError));
  const clientId = '4b0db8c2-9f26-4417-8bde-3f0e3656f8e0';
  return new Promise((resolve, reject) => {
    runtime.DiscoverAccountsAsync(clientId, 'e9b5a7a0-0000-4000-8000-000000000001', (result) => {
      try {
        result.CheckError();
        resolve({ accounts: result.accounts.length });
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function useBoth() {
  if (first === 'ours') return { ours: await useOurs(), theirs: await useTheirs() };
  return { theirs: await useTheirs(), ours: await useOurs() };
}

if (!isMainThread) {
  parentPort.postMessage(await useBoth());
  process.exit(0); // the runtime keeps a thread alive that has used it
} else {
  const report = {};
  if (where === 'worker') {
    const worker = new Worker(new URL(import.meta.url), { argv: [first, where] });
    const [[inWorker], [exitCode]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    Object.assign(report, { inWorker, exitCode });
  }
  report.inMain = await useBoth();
  console.log(JSON.stringify(report));
  process.exit(0);
}
