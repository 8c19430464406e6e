/**
 * `npm run simulate`: what a fleet of virtual machines does to IMDS and Entra ID in 30 days. Virtual time, the built
 * msal-mi-core, a seed. Prints charts and figures, and fails when a target of targets.mjs is missed.
 *
 * `-- --vms 10000 --seed 1 --interval-minutes 1 --svg file.svg --json`
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { svgChart, textChart } from './chart.mjs';
import { evaluate } from './targets.mjs';
import { DURATION_MS, PROCESSES_PER_VM } from './timeline.mjs';

/** Small enough that the memory of one is not felt, and the parts are the same whatever the number of cores. */
const MACHINES_PER_PART = 250;

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'interval-minutes': { type: 'string', default: '1' },
    svg: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [machines, seed, intervalMinutes] = [values.vms, values.seed, values['interval-minutes']].map(Number);
if (![machines, intervalMinutes].every((number) => number >= 1) || !Number.isInteger(seed)) {
  throw new Error('--vms and --interval-minutes are numbers from 1 on, --seed is a whole number.');
}

const result = merge(await runParts());
const targets = evaluate(result, intervalMinutes);
if (values.svg !== undefined) writeFileSync(values.svg, svgChart(result, caption()));
if (values.json) process.stdout.write(`${JSON.stringify({ machines, seed, targets, failures: result.failures })}\n`);
else print();
process.exitCode = targets.every(({ isMet }) => isMet) ? 0 : 1;

/** One thread for each core takes one part after the other. */
async function runParts() {
  const parts = Array.from({ length: Math.ceil(machines / MACHINES_PER_PART) }, (_, index) => ({
    seed: seed * 100_003 + index,
    machines: Math.min(MACHINES_PER_PART, machines - index * MACHINES_PER_PART),
  }));
  const results = [];
  const work = async () => {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const worker = new Worker(new URL('part.mjs', import.meta.url), { workerData: part });
      const [[answer]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      results.push(answer);
      if (!values.json) process.stderr.write(`\r${results.length} of ${results.length + parts.length} parts `);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (!values.json) process.stderr.write('\r');
  return results;
}

function merge(results) {
  const sum = (service) =>
    results.reduce(
      (all, part) => all.map((count, minute) => count + part[service][minute]),
      results[0][service].map(() => 0),
    );
  return { imds: sum('imds'), entra: sum('entra'), failures: results.flatMap(({ failures }) => failures) };
}

function print() {
  const lines = [caption(), ''];
  for (const service of ['imds', 'entra']) {
    const counts = result[service];
    const [peak, total] = [Math.max(...counts.slice(60)), counts.reduce((all, count) => all + count, 0)];
    const mean = total / counts.length;
    lines.push(textChart(service, counts));
    lines.push(
      `after the boot: peak ${peak}, mean ${mean.toFixed(1)}, peak / mean ${(peak / mean).toFixed(1)}; ` +
        `boot: ${Math.max(...counts.slice(0, 60))}`,
      '',
    );
  }
  for (const { name, most, value, isMet } of targets) {
    lines.push(`${isMet ? 'met   ' : 'MISSED'} ${name.padEnd(56)} ${value.toFixed(2).padStart(7)}  at most ${most}`);
  }
  for (const { sinceBootMs, code } of result.failures.slice(0, 5))
    lines.push(`no token ${(sinceBootMs / 3_600_000).toFixed(2)} h after the boot: ${code}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

function caption() {
  const days = DURATION_MS / 86_400_000;
  return `${machines} VMs with ${PROCESSES_PER_VM} processes each, booted in one minute, over ${days} days (seed ${seed})`;
}
