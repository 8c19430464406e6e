import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const manifest = require.resolve('msal-mi-emulator/package.json');
const program = join(dirname(manifest), 'bin', 'msal-mi-emulator.mjs');
const { version } = require(manifest) as { version: string };

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function launch(args: string[]): { child: ChildProcess; outcome: Promise<Outcome>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
  });
  const outcome = new Promise<Outcome>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, outcome, firstLine };
}

it('prints help and version', async () => {
  const help = await launch(['--help']).outcome;
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--attestation <optional|required>')]);
  expect((await launch(['--version']).outcome).stdout).toBe(`${version}\n`);
}, 60_000);

it.each([
  ['an unknown option', ['--bogus'], '--bogus'],
  ['a positional argument', ['start'], 'start'],
  ['a host that is not loopback', ['--host', '0.0.0.0'], 'loopback'],
  ['a port that is no number', ['--port', 'x'], 'port must be'],
  ['an identity beside none', ['--no-identity', '--identity', 'a,b,c'], 'exclude each other'],
  ['an unknown version of IMDS', ['--imds-version', '3'], 'imdsVersion must be'],
  ['nothing after --', ['--'], 'program'],
  ['JSON for a program that inherits the terminal', ['--json', '--', 'node'], '--json'],
  ['an incomplete identity', ['--identity', 'a,b'], '--identity'],
])(
  'ends with exit code 2 for %s',
  async (_what, args, message) => {
    const { code, stdout, stderr } = await launch(args).outcome;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  },
  60_000,
);

it('starts, prints one line of JSON for programs, and stops cleanly on Ctrl-C', async () => {
  const { child, outcome, firstLine } = launch(['--json', '--seed', 'x', '--attestation', 'required']);
  const description = JSON.parse(await firstLine) as { imdsUrl: string; env: Record<string, string>; pid: number };
  expect(description.pid).toBe(child.pid);
  expect(await (await fetch(`${description.imdsUrl}/health`)).json()).toMatchObject({ attestation: 'required' });
  expect(existsSync(description.env.NODE_EXTRA_CA_CERTS!)).toBe(true);
  child.kill('SIGINT');
  expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  expect(existsSync(description.env.NODE_EXTRA_CA_CERTS!)).toBe(false);
}, 60_000);

it('prints what a developer needs: addresses, variables for two shells and code', async () => {
  const { child, outcome, firstLine } = launch([]);
  await firstLine;
  child.kill('SIGTERM');
  const { code, stdout } = await outcome;
  expect(code).toBe(0);
  expect(stdout).toMatch(/export AZURE_POD_IDENTITY_AUTHORITY_HOST='http:\/\/localhost:\d+'/);
  expect(stdout).toMatch(/\$env:NODE_EXTRA_CA_CERTS = '/);
  expect(stdout).toContain("from 'msal-mi-core'");
}, 60_000);

it('ends with exit code 1 when a port is taken', async () => {
  const first = launch(['--json']);
  const { imdsUrl } = JSON.parse(await first.firstLine) as { imdsUrl: string };
  const { port } = new URL(imdsUrl);
  const second = await launch(['--port', String(Math.min(Number(port), 65_531))]).outcome;
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('choose another port')]);
  first.child.kill('SIGINT');
  expect((await first.outcome).code).toBe(0);
}, 60_000);

it('runs a program in its environment, to the end, with its exit code', async () => {
  const script = `fetch(process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST + '/health').then(async (answer) => {
    const names = Object.keys(process.env).filter((name) => /^EMULATOR_|^NODE_EXTRA_CA_CERTS$/.test(name)).sort();
    const resource = await fetch(process.env.EMULATOR_VAULT_URL);
    const rest = process.argv.slice(1);
    console.log(JSON.stringify({ names, rest, imds: answer.status, resource: resource.status, ca: process.env.NODE_EXTRA_CA_CERTS }));
    process.exitCode = 7;
  });`;
  const { code, stdout, stderr } = await launch([
    '--seed',
    'x',
    '--',
    process.execPath,
    '-e',
    script,
    '--',
    '--seed',
    'y',
  ]).outcome;

  expect([code, stderr]).toEqual([7, '']);
  const { ca, ...said } = JSON.parse(stdout) as { ca: string };
  expect(said).toEqual({
    names: [
      'EMULATOR_API_URL',
      'EMULATOR_TENANT_ID',
      'EMULATOR_TOKEN_URL',
      'EMULATOR_VAULT_URL',
      'NODE_EXTRA_CA_CERTS',
    ],
    rest: ['--seed', 'y'],
    imds: 200,
    resource: 401,
  });
  expect(existsSync(ca)).toBe(false);
}, 60_000);

it('says that it cannot start the program, and leaves nothing behind', async () => {
  const { code, stderr } = await launch(['--', 'no-such-program-anywhere']).outcome;
  expect([code, stderr]).toEqual([1, expect.stringContaining('cannot start no-such-program-anywhere')]);
  expect(stderr).not.toContain('    at ');
}, 60_000);

it('passes SIGTERM on, and waits for the program', async () => {
  const script = "process.on('SIGTERM', () => process.exit(9)); setInterval(() => {}, 1000); console.log('ready');";
  const { child, outcome, firstLine } = launch(['--', process.execPath, '-e', script]);
  expect(await firstLine).toBe('ready');
  child.kill('SIGTERM');
  expect(await outcome).toMatchObject({ code: 9, stderr: '' });
}, 60_000);
