/**
 * `npm run simulate`: what a fleet of virtual machines does to IMDS and Entra ID in 30 days. Virtual time, the built
 * msal-mi-core, a seed. Prints charts and figures, and fails when a target of targets.mjs is missed. What is real and what
 * is simulated is said in docs/benchmarks.md.
 *
 * `-- --vms 10000 --seed 1 --svg file.svg --json`; for few machines, whose minutes are mostly chance, peaks and means can be
 * those of longer intervals: `--imds-interval 30 --entra-interval 5` (minutes)
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { svgChart, textChart } from './chart.mjs';
import { simulateFleet } from './parts.mjs';
import { evaluate, summarize } from './targets.mjs';
import { DAY_MS, DURATION_MS, PROCESSES_PER_VM } from './timeline.mjs';

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    'imds-interval': { type: 'string', default: '1' },
    'entra-interval': { type: 'string', default: '1' },
    svg: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [machines, seed, imds, entra] = ['vms', 'seed', 'imds-interval', 'entra-interval'].map((name) =>
  Number(values[name]),
);
if (![machines, imds, entra].every((number) => Number.isInteger(number) && number >= 1) || !Number.isInteger(seed)) {
  throw new Error('--seed is a whole number; --vms, --imds-interval and --entra-interval are such from 1 on.');
}
const CAPTION =
  `${machines} VMs with ${PROCESSES_PER_VM} processes each, booted in one minute, ` +
  `over ${DURATION_MS / DAY_MS} days (seed ${seed})`;

const startedAtMs = performance.now();
const result = await simulateFleet({ machines, seed, onProgress });
const targets = evaluate(result, { imds, entra });
if (values.svg !== undefined) writeFileSync(values.svg, svgChart(result, CAPTION));
if (values.json) process.stdout.write(`${JSON.stringify({ machines, seed, targets, failures: result.failures })}\n`);
else print();
process.exitCode = targets.every(({ isMet }) => isMet) ? 0 : 1;

function onProgress(done, parts) {
  if (!values.json) process.stderr.write(done === parts ? '\n' : `\r${done} of ${parts} parts `);
}

function print() {
  const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
  const machine = `Node.js ${process.versions.node}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const lines = [CAPTION, `simulated in ${seconds} s: ${machine}`, ''];
  for (const service of ['imds', 'entra'])
    lines.push(textChart(service, result[service]), summary(result[service]), '');
  for (const { name, most, value, isMet } of targets) {
    lines.push(`${isMet ? 'met   ' : 'MISSED'} ${name.padEnd(56)} ${value.toFixed(2).padStart(7)}  at most ${most}`);
  }
  for (const { sinceBootMs, code } of result.failures.slice(0, 5)) {
    lines.push(`no token ${(sinceBootMs / 3_600_000).toFixed(2)} h after the boot: ${code}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function summary(counts) {
  const { boot, total, peak, mean } = summarize(counts);
  return (
    `${total} requests; at most ${boot} a minute in the first hour; ` +
    `later peak ${peak}, mean ${mean.toFixed(1)}, peak / mean ${(peak / mean).toFixed(1)}`
  );
}
