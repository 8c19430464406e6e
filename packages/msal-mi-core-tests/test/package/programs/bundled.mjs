// What the bundlers are given: prints how far each kind of request came.
import 'msal-key-attestation/register';
import 'msal-mi-core/msal-node';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const application = new ManagedIdentityApplication();
const resource = 'https://vault.azure.net';
const outcome = (promise) =>
  promise.then(
    ({ tokenType }) => ({ tokenType }),
    ({ errorCode, message, stack }) => ({ errorCode: errorCode ?? stack, message }),
  );

async function run() {
  const minStrength = MtlsBindingStrength.Software;
  const bound = await outcome(application.acquireToken({ resource, mtlsProofOfPossession: true, minStrength }));
  const bearer = await outcome(application.acquireToken({ resource }));
  const provider = globalThis[Symbol.for('msal-mi/attestation-provider')];
  console.log(JSON.stringify({ bound, bearer, attestation: await provider.probe(), lookedFor: globalThis.lookedFor }));
}
run();
