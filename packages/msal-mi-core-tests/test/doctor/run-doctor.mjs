// Runs the real command line program as a user does, and writes down what the user sees.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const METADATA_ADDRESS = fileURLToPath(new URL('metadata-address.cjs', import.meta.url));
/** What would tell the command where it runs, or how to print. */
const FOREIGN = /^(AZURE_|IDENTITY_|MSI_|IMDS_|ATTESTATION_|METADATA_|NODE_|MSAL_MI_|NO_COLOR$|FORCE_COLOR$)/i;

/**
 * @param program - Path of msal-mi-core's command.
 * @param commands - Arguments of each run, for example `['doctor', '--json']`.
 * @param env - Added to an environment in which nothing leads to Azure or to an emulator.
 * @returns the runs as text: command line, output, exit code
 */
export async function transcript(program, commands, env) {
  const runs = [];
  for (const args of commands) {
    const { status, output } = await run(program, args, env);
    runs.push(`$ msal-mi-core ${args.join(' ')}\n${output}exit code ${status}\n`);
  }
  return runs.join('\n');
}

/** @returns the exit code, and stdout with stderr behind it */
export async function run(program, args, env) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
  const child = spawn(process.execPath, ['--require', METADATA_ADDRESS, program, ...args], {
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const [status] = await once(child, 'close');
  return { status, output: `${output}${errors}` };
}
