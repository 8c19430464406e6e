import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const RUN = resolve(import.meta.dirname, '../../azure-sdk/run.mjs');

test.each([
  ['the last Azure SDK clients that accept Node.js 20', 'node20'],
  ['the newest Azure SDK clients under Node.js 22', 'node22'],
])(
  '%s work over mTLS PoP',
  (_name, generation) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [RUN, generation], { encoding: 'utf8' });

    expect(`${stdout}${stderr}`).toMatch(/^ℹ fail 0$/m);
    expect(Number(/^ℹ pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThanOrEqual(38);
    expect(status).toBe(0);
  },
  300_000,
);
