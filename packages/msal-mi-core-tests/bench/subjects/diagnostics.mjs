/**
 * What diagnostics cost a cached acquisition: with nobody listening and with a subscriber, each against a copy of the
 * library whose tracing is compiled out. Prints nanoseconds of processor time per call, and the quotients.
 */
import { tracingChannel } from 'node:diagnostics_channel';
import { register } from 'node:module';
import { interleave, medianRatio, medians } from '../statistics.mjs';
import { boundRequest, nsPerCall } from './cached-calls.mjs';

register('../untraced.mjs', import.meta.url);

const RESOURCE = 'https://vault.azure.net';
const CALLS = 20_000;
const ROUNDS = { rounds: 25, warmUpRounds: 4 };

async function warm({ ManagedIdentityApplication }) {
  const app = new ManagedIdentityApplication();
  const acquire = (resource) => app.acquireToken(boundRequest(resource));
  await acquire(RESOURCE);
  return () => nsPerCall(acquire, [RESOURCE], CALLS);
}

// One after the other: the second copy finds the token of the first in the cache that they share.
const unobserved = await warm(await import('msal-mi-core'));
const untraced = await warm(await import(`${import.meta.resolve('msal-mi-core')}?untraced`));
const silent = await interleave({ unobserved, untraced }, ROUNDS);

let events = 0;
tracingChannel('msal-mi-core:acquireToken').subscribe({ start: () => (events += 1) });
// Last, because a channel that has once had a subscriber stays another kind of object.
const heard = await interleave({ observed: unobserved, untraced }, ROUNDS);
const expected = CALLS * (ROUNDS.rounds + ROUNDS.warmUpRounds);
if (events !== expected)
  throw new Error(`${events} events instead of ${expected}: one copy too many is traced, or none`);

const ratios = {
  unobservedOverUntraced: medianRatio(silent.unobserved, silent.untraced),
  observedOverUntraced: medianRatio(heard.observed, heard.untraced),
};
const { observed } = medians(heard);
process.stdout.write(JSON.stringify({ ...medians(silent), observed, ratios }));
