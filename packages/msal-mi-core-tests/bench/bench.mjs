/**
 * `npm run bench`: this library beside @azure/msal-node and beside the least code that could work, as ratios of one run.
 * `npm run bench -- --json` prints one JSON object and nothing else.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { measure, startEmulatorProcess } from './processes.mjs';
import { interleave, medianRatio, medians } from './statistics.mjs';
import { printTable } from './table.mjs';

const IMPORT_ROUNDS = 15;
const COLD_ROUNDS = 30;
/** What V8 itself keeps differs by so much from one collection to the next. */
const HEAP_TOLERANCE_BYTES = 256 * 1024;

const isJson = process.argv.includes('--json');
const say = (text) => void (isJson || process.stderr.write(`${text}\n`));

const emulator = await startEmulatorProcess();
const { env } = emulator;
try {
  say('cached acquisition ...');
  const cached = await measure('cached.mjs', { env });
  say('diagnostics ...');
  const diagnostics = await measure('diagnostics.mjs', { env });
  say('cold acquisition ...');
  const cold = await measure('cold.mjs', { env, args: [String(COLD_ROUNDS)] });
  await emulator.requests();
  await measure('one-flight.mjs', { env });
  const requests = await emulator.requests();
  say('import time ...');
  const importTimes = await interleave(
    {
      ours: () => measure('import-time.mjs', { args: ['msal-mi-core'] }),
      msalNode: () => measure('import-time.mjs', { args: ['@azure/msal-node'] }),
    },
    { rounds: IMPORT_ROUNDS, warmUpRounds: 2 },
  );
  const ratio = medianRatio(importTimes.ours, importTimes.msalNode);
  const importMs = { ...medians(importTimes), ratio };
  say('memory ...');
  const memory = await measure('memory.mjs', { env, nodeOptions: ['--expose-gc'] });
  say('fetch throughput ...');
  const fetched = await measure('../fetch-throughput.mjs', { args: ['--json'] });

  const figures = {
    cachedNs: cached,
    diagnosticsNs: diagnostics,
    coldMs: cold,
    concurrentRequests: requests,
    importMs,
    memory,
    fetched,
  };
  const targets = evaluate(figures);
  const report = { date: new Date().toISOString().slice(0, 10), machine: machine(), targets, figures };
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printTable(report);
  process.exitCode = targets.every(({ met }) => met) ? 0 : 1;
} finally {
  emulator.stop();
}

/** One row for each target: what was measured, and what it is allowed to be. */
function evaluate({
  cachedNs: { msalNode, ratios },
  diagnosticsNs,
  coldMs,
  concurrentRequests,
  importMs,
  memory,
  fetched,
}) {
  const atLeast = (name, value, limit) => ({ name, value, limit, kind: 'at least', met: value >= limit });
  const atMost = (name, value, limit) => ({ name, value, limit, kind: 'at most', met: value <= limit });
  const grownBytes = Math.max(0, memory.afterBytes - memory.beforeBytes);
  return [
    atLeast('cached, 1 token: faster than msal-node by', msalNode[1].ratio, 5),
    atLeast('cached, 1 000 tokens: faster than msal-node by', msalNode[1_000].ratio, 200),
    atMost('cached, 1 token: slower than a bare Map look-up by', ratios.overMap, 10),
    atMost('cached, 10 000 tokens against 1', ratios.of10000Over1, 1.2),
    atMost('cached, nobody listens: against tracing compiled out', diagnosticsNs.ratios.unobservedOverUntraced, 1.1),
    atMost('cold: against the hand-minimal script', coldMs.ratios.overByHand, 1.1),
    atMost('cold: 1 000 concurrent calls against one', coldMs.ratios.concurrentOverOne, 1.3),
    atMost('cold: requests per leg of 1 000 concurrent calls', Math.max(...Object.values(concurrentRequests)), 1),
    atMost('import: against msal-node', importMs.ratio, 0.25),
    ...fetched.flatMap(({ name, comparisons }) =>
      comparisons
        .filter(({ required }) => required !== undefined)
        .map(({ of, to, ratio, interval, required }) => ({
          ...atLeast(`fetch, ${name}: ${of} against ${to}`, ratio, required),
          interval,
        })),
    ),
    atMost('heap growth over 100 000 acquisitions, KiB', grownBytes / 1024, HEAP_TOLERANCE_BYTES / 1024),
  ];
}

function machine() {
  const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@azure/msal-node/package.json')));
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    msalNode: version,
  };
}
