/**
 * Cached acquisition: ours, msal-node's (IMDS v1 of the emulator, whose answers name the resource that was asked for), and
 * a bare asynchronous look-up in a Map. Prints nanoseconds of processor time per call, and the quotients.
 */
import { ManagedIdentityApplication as MsalNodeApplication } from '@azure/msal-node';
import { ManagedIdentityApplication } from 'msal-mi-core';
import { interleave, median, medianRatio, medians } from '../statistics.mjs';
import { boundRequest, nsPerCall } from './cached-calls.mjs';
import { forgetEverything, spreadToken } from './state.mjs';

const PEER_SIZES = [1, 100, 1_000];
const SIZES = [1, 100, 1_000, 10_000];
const resourceAt = (i) => `https://resource-${i}.example.net`;
const resources = (size) => Array.from({ length: size }, (_, i) => resourceAt(i));

async function fillOurs(size) {
  forgetEverything();
  const app = new ManagedIdentityApplication();
  await app.acquireToken(boundRequest(resourceAt(0)));
  spreadToken(resourceAt(0), resources(size).slice(1));
  return (resource) => app.acquireToken(boundRequest(resource));
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

const ROUNDS = { rounds: 25, warmUpRounds: 4 };
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
      msalNode: () => nsPerCall(peer, used, Math.ceil(300 / size) * 16),
    },
    ROUNDS,
  );
  msalNode[size] = { ns: median(times.msalNode), ratio: medianRatio(times.msalNode, times.ours) };
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
const times = await interleave(subjects, ROUNDS);
const ns = medians(times);
const bySize = (name) => Object.fromEntries(SIZES.map((size) => [size, ns[`${name}-${size}`]]));
const ratios = {
  overMap: medianRatio(times['ours-1'], times['map-1']),
  of10000Over1: medianRatio(times['ours-10000'], times['ours-1']),
};
process.stdout.write(JSON.stringify({ ours: bySize('ours'), map: bySize('map'), msalNode, ratios }));
