/**
 * Feeds inputs to every parser of foreign bytes: `node fuzz/fuzz.mjs [--inputs 20000] [--seed 1] [--target name]`.
 *
 * Fails on an error that is not declared, on a result that does not hold what it promises, on an input that takes too long,
 * on memory that stays, and on a prototype that was changed. Needs the packages built. With the seed of a run, and the name of
 * the target, the inputs are the same again, so that a failure can be looked at.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMsalMiError } from '../../msal-mi-core/dist/index.js';
import { createRandom, mutateBytes, mutateText } from './mutate.mjs';
import { createTargets } from './targets.mjs';

/** For one input. Hundreds of times what the slowest takes, and what a regular expression that explodes never keeps. */
const MOST_MS = 2_000;
const MOST_HEAP_BYTES = 64 * 1024 * 1024;
/** A signature costs as much as a hundred other inputs. */
const SLOW_SHARE = 0.1;
const MOST_FAILURES_SHOWN = 5;

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '20000' }, seed: { type: 'string' }, target: { type: 'string' } },
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
const targets = (await createTargets()).filter(({ name }) => name === (values.target ?? name));
const shares = targets.map(({ isSlow }) => (isSlow ? SLOW_SHARE : 1));
const perShare = Number(values.inputs) / shares.reduce((sum, share) => sum + share, 0);
if (targets.length === 0 || !(perShare > 0)) throw new Error('Nothing to do: no such target, or no number of inputs.');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype].map((prototype) => ({
  prototype,
  names: Reflect.ownKeys(prototype).length,
}));

console.log(`fuzzing with seed ${seed}`);
let inputs = 0;
let failures = 0;
for (const [index, target] of targets.entries()) {
  const count = Math.ceil(perShare * shares[index]);
  const found = await fuzz(target, count);
  inputs += count;
  failures += found.length;
  for (const failure of found.slice(0, MOST_FAILURES_SHOWN)) console.error(failure);
}
console.log(`fuzzing: ${targets.length} parsers, ${inputs} inputs, ${failures} failures`);
process.exit(failures === 0 ? 0 : 1);

async function fuzz({ name, seeds, parse, isDeclared = () => false }, count) {
  const random = createRandom(seed);
  const found = [];
  const outcomes = { accepted: 0, refused: 0 };
  let slowestMs = 0;
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i += 1) {
    const from = random.of(seeds);
    const input = typeof from === 'string' ? mutateText(random, from) : mutateBytes(random, from);
    const startedAtMs = performance.now();
    let problem;
    try {
      await parse(input);
      outcomes.accepted += 1;
    } catch (error) {
      if (isMsalMiError(error) || isDeclared(error)) outcomes.refused += 1;
      else problem = error;
    }
    const tookMs = performance.now() - startedAtMs;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > MOST_MS) problem ??= new Error(`took ${tookMs.toFixed(0)} ms`);
    const changed = prototypes.some(({ prototype, names }) => Reflect.ownKeys(prototype).length !== names);
    if (changed) throw new Error(`${name}: input ${i} of seed ${seed} changed a prototype`);
    if (problem !== undefined) found.push(describe(name, i, input, problem));
  }
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - heapBefore;
  if (grown > MOST_HEAP_BYTES) found.push(`${name}: the heap grew by ${grown} bytes`);
  console.log(
    `  ${name.padEnd(34)} ${String(count).padStart(7)} inputs, ${outcomes.accepted} accepted, ${outcomes.refused} refused, ` +
      `slowest ${slowestMs.toFixed(1)} ms, heap ${(grown / 1024 / 1024).toFixed(1)} MiB`,
  );
  return found;
}

function describe(name, index, input, problem) {
  const shown = (typeof input === 'string' ? JSON.stringify(input) : input.toString('base64')).slice(0, 2_000);
  return `${name}, input ${index} of seed ${seed}: ${shown}\n${problem?.stack ?? problem}`;
}
