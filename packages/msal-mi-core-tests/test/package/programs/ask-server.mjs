// Starts a server with a port of its own, asks it for `path` once it listens, prints the answer and stops it:
// `ask-server.mjs <path> <arguments for node>...`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const [path, ...args] = process.argv.slice(2);

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((closed) => probe.close(closed));

const env = { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' };
const server = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
let said = '';
for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (said += chunk));

async function ask() {
  const deadline = AbortSignal.timeout(100_000);
  while (server.exitCode === null) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}${path}`, { signal: deadline })).text();
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED') return String(error);
    }
    await setTimeout(100);
  }
  return `The server ended with ${server.exitCode}.`;
}
const answer = await ask();
console.log(answer.startsWith('{"') ? answer : JSON.stringify({ answer, said }));
server.kill('SIGKILL');
