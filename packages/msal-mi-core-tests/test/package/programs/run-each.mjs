// Runs programs one after the other: `run-each.mjs <JSON of lists of arguments for node>`. Prints what each of them wrote. An
// argument that begins with < names the file that the program reads from standard input.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const outcomes = JSON.parse(process.argv[2]).map((args) => {
  const [given] = args.filter((argument) => argument.startsWith('<'));
  const input = given === undefined ? '' : readFileSync(given.slice(1));
  const others = args.filter((argument) => argument !== given);
  const { stdout, stderr } = spawnSync(process.execPath, others, { encoding: 'utf8', timeout: 60_000, input });
  return { stdout, stderr };
});
process.stdout.write(JSON.stringify(outcomes));
