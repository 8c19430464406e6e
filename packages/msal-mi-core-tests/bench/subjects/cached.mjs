/**
 * Cached acquisition: ours, msal-node's (IMDS v1 of the emulator, whose answers name the resource that was asked for), and
 * a bare asynchronous look-up in a Map. Prints nanoseconds per call.
 */
import { ManagedIdentityApplication as MsalNodeApplication } from '@azure/msal-node';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { interleave, medians } from '../statistics.mjs';
import { forgetEverything, spreadToken } from './state.mjs';

const NS_PER_MS = 1e6;
const PEER_SIZES = [1, 100, 1_000];
const SIZES = [1, 100, 1_000, 10_000];
const resourceAt = (i) => `https://resource-${i}.example.net`;
const resources = (size) => Array.from({ length: size }, (_, i) => resourceAt(i));

async function fillOurs(size) {
  forgetEverything();
  const app = new ManagedIdentityApplication();
  const request = (resource) => ({
    resource,
    mtlsProofOfPossession: true,
    minStrength: MtlsBindingStrength.Software,
  });
  await app.acquireToken(request(resourceAt(0)));
  spreadToken(resourceAt(0), resources(size).slice(1));
  return (resource) => app.acquireToken(request(resource));
}

function fillPeer() {
  const app = new MsalNodeApplication();
  return (resource) => app.acquireToken({ resource });
}

/** Calls with resources spread over the whole cache; checks that every answer did come from the cache. */
async function nsPerCall(acquire, all, calls) {
  const step = 7_919; // A prime, so that the calls visit the whole cache in no order.
  const startedAt = performance.now();
  let misses = 0;
  for (let i = 0; i < calls; i++) {
    const result = await acquire(all[(i * step) % all.length]);
    if (result.fromCache !== true) misses += 1;
  }
  const ms = performance.now() - startedAt;
  if (misses > 0) throw new Error(`${misses} of ${calls} calls missed the cache`);
  return (ms * NS_PER_MS) / calls;
}

const figures = { ours: {}, msalNode: {}, map: {} };

// The peer's cache is one for the process and cannot be emptied: it only grows, so its sizes come in ascending order.
let filled = 0;
const peer = fillPeer();
for (const size of SIZES) {
  const all = resources(size);
  const ours = await fillOurs(size);
  const map = new Map(all.map((resource) => [resource, { fromCache: true }]));
  const lookUp = async (resource) => map.get(resource);
  const subjects = {
    ours: () => nsPerCall(ours, all, 20_000),
    map: () => nsPerCall(lookUp, all, 100_000),
  };
  if (PEER_SIZES.includes(size)) {
    for (; filled < size; filled++) await peer(resourceAt(filled));
    subjects.msalNode = () => nsPerCall(peer, all, size === 1_000 ? 30 : 1_000);
  }
  const times = await interleave(subjects, { rounds: size === 1_000 ? 11 : 21, warmUpRounds: 3 });
  for (const [name, ns] of Object.entries(medians(times))) figures[name][size] = ns;
}
process.stdout.write(JSON.stringify(figures));
