// Runs programs one after the other: `run-each.mjs <JSON of lists of arguments for node>`. Prints what each of them wrote.
import { spawnSync } from 'node:child_process';

const outcomes = JSON.parse(process.argv[2]).map((args) => {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
  return { stdout, stderr };
});
process.stdout.write(JSON.stringify(outcomes));
