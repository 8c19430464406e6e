/** A small fleet of simulation/, on the built library: what many machines do to the services together. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const PROGRAM = resolve(import.meta.dirname, '../../simulation/simulate.mjs');
/** So few machines that minutes are mostly chance: longer intervals are compared. */
const SMALL = ['--vms', '120', '--imds-interval', '30', '--entra-interval', '5', '--json'];

interface Outcome {
  readonly targets: ReadonlyArray<{ name: string; value: number; most: number; isMet: boolean }>;
}

function simulate(...options: string[]): { status: number | null; outcome: Outcome } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...SMALL, ...options], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return { status, outcome: JSON.parse(stdout) as Outcome };
}

test('rule D26: a fleet that was started at once spreads its requests, also after an outage and a revocation', () => {
  const { status, outcome } = simulate('--seed', '1');
  expect(outcome.targets.filter(({ isMet }) => !isMet)).toEqual([]);
  expect(outcome.targets).toHaveLength(7);
  expect(status).toBe(0);
}, 180_000);
