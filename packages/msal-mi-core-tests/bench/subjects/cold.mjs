/** Cold acquisition: ours against the hand-minimal script, and one call against 1 000 at the same time. Prints milliseconds. */
import { prepareKeys } from './prepared-keys.mjs';
import { interleave, medianRatio, medians } from '../statistics.mjs';
import { forgetEverything } from './state.mjs';

const CALLERS = 1_000;
const keyGenerationMs = await prepareKeys(16);
// After the keys are in place: both take generateKeyPair when they are loaded.
const { ManagedIdentityApplication, MtlsBindingStrength } = await import('msal-mi-core');
const { acquireByHand } = await import('./hand-minimal.mjs');

const RESOURCE = 'https://vault.azure.net';
const request = { resource: RESOURCE, mtlsProofOfPossession: true, minStrength: MtlsBindingStrength.Software };

async function ms(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function cold(callers) {
  forgetEverything();
  return ms(async () => {
    const app = new ManagedIdentityApplication();
    const calls = Array.from({ length: callers }, () => app.acquireToken(request));
    const tokens = new Set((await Promise.all(calls)).map(({ accessToken }) => accessToken));
    if (tokens.size !== 1) throw new Error(`${tokens.size} tokens instead of one`);
  });
}

const times = await interleave(
  { one: () => cold(1), byHand: () => ms(() => acquireByHand(RESOURCE)), concurrent: () => cold(CALLERS) },
  { rounds: Number(process.argv[2]), warmUpRounds: 5 },
);
const ratios = {
  overByHand: medianRatio(times.one, times.byHand),
  concurrentOverOne: medianRatio(times.concurrent, times.one),
};
process.stdout.write(JSON.stringify({ ...medians(times), ratios, keyGenerationMs, callers: CALLERS }));
