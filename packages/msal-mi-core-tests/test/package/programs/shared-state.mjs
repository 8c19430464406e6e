/** Runs in an application: a token acquired by one build of msal-mi-core is in the cache of the other. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { startEmulator } from 'msal-mi-emulator';

const emulator = await startEmulator();
Object.assign(process.env, emulator.env);
const esm = await import('msal-mi-core');
const cjs = createRequire(import.meta.url)('msal-mi-core');
assert.notEqual(esm.ManagedIdentityApplication, cjs.ManagedIdentityApplication);

async function acquire({ ManagedIdentityApplication, MtlsBindingStrength }, resource) {
  const { fromCache, tokenType } = await new ManagedIdentityApplication({ system: { ca: emulator.ca } }).acquireToken({
    resource,
    mtlsProofOfPossession: true,
    minStrength: MtlsBindingStrength.Software,
  });
  return { fromCache, tokenType };
}
const journalled = () => emulator.journal.length;

try {
  assert.deepEqual(await acquire(esm, 'https://vault.azure.net'), { fromCache: false, tokenType: 'mtls_pop' });
  const requests = journalled();
  assert.deepEqual(await acquire(cjs, 'https://vault.azure.net'), { fromCache: true, tokenType: 'mtls_pop' });
  assert.equal(journalled(), requests);
  // And the other way round; the binding is shared too, so one request for a token is all it takes.
  assert.deepEqual(await acquire(cjs, 'https://graph.microsoft.com'), { fromCache: false, tokenType: 'mtls_pop' });
  assert.equal(journalled(), requests + 1);
  assert.deepEqual(await acquire(esm, 'https://graph.microsoft.com'), { fromCache: true, tokenType: 'mtls_pop' });

  const error = await acquire(esm, '').catch((reason) => reason);
  assert.ok(cjs.isMsalMiError(error) && !(error instanceof cjs.MsalMiError));
} finally {
  await emulator.close();
}
console.log('shared');
