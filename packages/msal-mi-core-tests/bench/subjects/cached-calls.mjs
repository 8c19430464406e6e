/** What the subjects that measure cached acquisition have in common. */
import { MtlsBindingStrength } from 'msal-mi-core';

const NS_PER_US = 1_000;

export const boundRequest = (resource) => ({
  resource,
  mtlsProofOfPossession: true,
  minStrength: MtlsBindingStrength.Software,
});

/**
 * Nanoseconds of processor time per call: the work waits for nothing, and what else the machine does does not count.
 * Checks that every answer did come from the cache.
 */
export async function nsPerCall(acquire, used, calls) {
  const before = process.cpuUsage();
  let misses = 0;
  for (let i = 0; i < calls; i++) {
    const result = await acquire(used[i % used.length]);
    if (result.fromCache !== true) misses += 1;
  }
  const { user, system } = process.cpuUsage(before);
  if (misses > 0) throw new Error(`${misses} of ${calls} calls missed the cache`);
  return ((user + system) * NS_PER_US) / calls;
}
