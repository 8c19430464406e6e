/**
 * Cached acquisition: ours, msal-node's (IMDS v1 of the emulator, whose answers name the resource that was asked for), and
 * a bare asynchronous look-up in a Map. Prints nanoseconds of processor time per call: the work waits for nothing, and what
 * else the machine does does not count.
 */
import { ManagedIdentityApplication as MsalNodeApplication } from '@azure/msal-node';
import { ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';
import { interleave, medians } from '../statistics.mjs';
import { forgetEverything, spreadToken } from './state.mjs';

const NS_PER_US = 1_000;
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

/** Up to 16 resources, spread evenly over the cache: what one process uses at a time. */
function workingSet(all) {
  const step = Math.max(1, Math.floor(all.length / 16));
  return all.filter((_, i) => i % step === 0).slice(0, 16);
}

/** Checks that every answer did come from the cache. */
async function nsPerCall(acquire, used, calls) {
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

const ROUNDS = { rounds: 15, warmUpRounds: 4 };
const caches = {};
for (const size of SIZES) {
  const all = resources(size);
  const map = new Map(all.map((resource) => [resource, { fromCache: true }]));
  caches[size] = { used: workingSet(all), ours: await fillOurs(size), lookUp: async (resource) => map.get(resource) };
}

// The peer's cache is one for the process and cannot be emptied: it only grows, so its sizes come in ascending order.
const msalNode = {};
let filled = 0;
const peer = fillPeer();
for (const size of PEER_SIZES) {
  for (; filled < size; filled++) await peer(resourceAt(filled));
  const { used, ours } = caches[size];
  const times = await interleave(
    {
      ours: () => nsPerCall(ours, used, 20_000),
      msalNode: () => nsPerCall(peer, used, Math.ceil(500 / size) * 16),
    },
    ROUNDS,
  );
  const { ours: oursNs, msalNode: peerNs } = medians(times);
  msalNode[size] = { ns: peerNs, ratio: peerNs / oursNs };
}

const subjects = Object.fromEntries(
  SIZES.flatMap((size) => {
    const { used, ours, lookUp } = caches[size];
    return [
      [`ours-${size}`, () => nsPerCall(ours, used, 20_000)],
      [`map-${size}`, () => nsPerCall(lookUp, used, 100_000)],
    ];
  }),
);
const ns = medians(await interleave(subjects, ROUNDS));
const bySize = (name) => Object.fromEntries(SIZES.map((size) => [size, ns[`${name}-${size}`]]));
process.stdout.write(JSON.stringify({ ours: bySize('ours'), map: bySize('map'), msalNode }));
