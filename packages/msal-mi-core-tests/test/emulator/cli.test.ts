import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startEmulator } from 'msal-mi-emulator';

const require = createRequire(import.meta.url);
const manifest = require.resolve('msal-mi-emulator/package.json');
const program = join(dirname(manifest), 'bin', 'msal-mi-emulator.mjs');
const { version } = require(manifest) as { version: string };

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function launch(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; outcome: Promise<Outcome>; firstLine: Promise<string> } {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
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
  expect(help.stdout).toContain('Documentation: ');
  expect(help.stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect((await launch(['--version']).outcome).stdout).toBe(`${version}\n`);
}, 60_000);

it.each([
  ['an unknown option', ['--bogus'], '--bogus'],
  ['a positional argument', ['start'], 'start'],
  ['a host that is not loopback', ['--host', '0.0.0.0'], 'loopback'],
  ['a switch of one letter that it does not have', ['-x'], "unknown option '-x'"],
  ['an option without its value', ['--port'], "option '--port <value>' argument missing"],
  ['a value for a switch', ['--json=1'], "option '--json' does not take an argument"],
  ['a port that is not a number', ['--port', 'x'], '--port must be'],
  ['a lifetime of zero', ['--certificate-lifetime', '0'], '--certificate-lifetime must be'],
  ['a member of an identity', ['--identity', 'a,b,c'], '<client-id> of --identity must be a GUID'],
  ['a token life that is not a number', ['--token-not-after', 'soon'], '--token-not-after must be'],
  ['an identity beside none', ['--no-identity', '--identity', 'a,b,c'], 'exclude each other'],
  ['an unknown version of IMDS', ['--imds-version', '3'], '--imds-version must be'],
  ['nothing after --', ['--'], 'program'],
  ['JSON for a program that inherits the terminal', ['--json', '--', 'node'], '--json'],
  ['an incomplete identity', ['--identity', 'a,b'], '--identity'],
])(
  'ends with exit code 2 for %s',
  async (_what, args, message) => {
    const { code, stdout, stderr } = await launch(args).outcome;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.split('\n')).toEqual([expect.stringContaining(message), 'Try --help.', '']);
    expect(stderr).toMatch(/^msal-mi-emulator: /);
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
  // What is longer is an id or a path that cannot be broken.
  const words = stdout.split('\n').filter((line) => line.length > 80 && line.trim().includes(' '));
  expect(words.filter((line) => !/^\s+(?:export |\$env:)/.test(line))).toEqual([]);
}, 60_000);

it('ends with exit code 1 when a port is taken', async () => {
  const first = launch(['--json']);
  const { imdsUrl } = JSON.parse(await first.firstLine) as { imdsUrl: string };
  const { port } = new URL(imdsUrl);
  const second = await launch(['--port', String(Math.min(Number(port), 65_530))]).outcome;
  expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('choose another port')]);
  first.child.kill('SIGINT');
  expect((await first.outcome).code).toBe(0);
}, 60_000);

it('runs a program in its environment, to the end, with its exit code', async () => {
  const script = `fetch(process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST + '/health').then(async (answer) => {
    const names = Object.keys(process.env).filter((name) => /^EMULATOR_|^NODE_EXTRA_CA_CERTS$/.test(name)).sort();
    const { EMULATOR_VAULT_URL, EMULATOR_API_URL, EMULATOR_STORAGE_URL, EMULATOR_ARM_URL } = process.env;
    const urls = [EMULATOR_VAULT_URL, EMULATOR_API_URL, EMULATOR_STORAGE_URL, EMULATOR_ARM_URL];
    const resources = await Promise.all(urls.map(async (url) => (await fetch(url)).status));
    const rest = process.argv.slice(1);
    console.log(JSON.stringify({ names, rest, imds: answer.status, resources, ca: process.env.NODE_EXTRA_CA_CERTS }));
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
      'EMULATOR_ARM_URL',
      'EMULATOR_CLIENT_ID',
      'EMULATOR_STORAGE_URL',
      'EMULATOR_SUBSCRIPTION_ID',
      'EMULATOR_TENANT_ID',
      'EMULATOR_TOKEN_URL',
      'EMULATOR_VAULT_URL',
      'NODE_EXTRA_CA_CERTS',
    ],
    rest: ['--seed', 'y'],
    imds: 200,
    resources: [401, 401, 401, 401],
  });
  expect(existsSync(ca)).toBe(false);
}, 60_000);

it('hands arguments on as they are, whatever a shell would make of them', async () => {
  const given = ['my app.mjs', '--name', 'A & B', '', '"quoted"', '%PATH%', '$HOME', 'a^b', '*', 'back\\slash\\'];
  const script = 'console.log(JSON.stringify(process.argv.slice(1)))';
  const { code, stdout, stderr } = await launch(['--', process.execPath, '-e', script, '--', ...given]).outcome;
  expect([code, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toEqual(given);
}, 60_000);

it('adds its certificate to those that the caller trusts, and to nothing else of that file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'callers-ca-'));
  const other = await startEmulator();
  try {
    const file = join(folder, 'ca.pem');
    const secret = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    writeFileSync(file, `# ours\n${other.ca}${secret}`);
    // Nothing answers there: what is shown is that the caller's server is trusted, beside the emulator's own.
    const script = `Promise.all([process.env.OTHER, process.env.EMULATOR_TOKEN_URL].map((url) => fetch(url)))
      .then((answers) => console.log(JSON.stringify(answers.map(({ status }) => status))))
      .then(() => process.stdout.write(require('node:fs').readFileSync(process.env.NODE_EXTRA_CA_CERTS, 'utf8')));`;
    const env = { NODE_EXTRA_CA_CERTS: file, OTHER: other.tokenUrl };
    const { stdout, stderr } = await launch(['--', process.execPath, '-e', script], env).outcome;
    expect(stderr).toBe('');
    const [statuses, ...pem] = stdout.split('\n');
    expect(statuses).toBe('[404,404]');
    expect(pem.join('\n')).toContain(other.ca.trim());
    expect(pem.join('\n')).not.toContain('PRIVATE KEY');
  } finally {
    await other.close();
    rmSync(folder, { recursive: true });
  }
}, 60_000);

it('goes on without certificates of the caller that cannot be read', async () => {
  const script = 'fetch(process.env.EMULATOR_TOKEN_URL).then(({ status }) => console.log(status))';
  const env = { NODE_EXTRA_CA_CERTS: join(tmpdir(), 'no-such-file.pem') };
  expect((await launch(['--', process.execPath, '-e', script], env).outcome).stdout).toBe('404\n');
}, 60_000);

it.each([[['--help']], [['--json']], [[]]])(
  'ends quietly when nobody reads what it prints: %j',
  async (args) => {
    const { child, outcome } = launch(args);
    child.stdout!.destroy();
    expect(await outcome).toMatchObject({ code: 0, stderr: '' });
  },
  60_000,
);

it('plays a machine with several identities and none of its own', async () => {
  const id = (digit: string) =>
    `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
  const identities = ['1', '2'].flatMap((digit) => ['--identity', `${id(digit)},${id(digit)},/subscriptions/${digit}`]);
  const { child, outcome, firstLine } = launch(['--json', '--no-system-identity', ...identities]);
  const { imdsUrl } = JSON.parse(await firstLine) as { imdsUrl: string };
  const path = '/metadata/identity/getplatformmetadata?cred-api-version=2.0';
  const answer = await fetch(imdsUrl + path, { headers: { Metadata: 'true' } });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('Multiple user assigned')]);
  child.kill('SIGINT');
  expect((await outcome).code).toBe(0);
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
