/**
 * What `msal-mi-core doctor` prints, as people see it, on hosts without KeyGuard: the real command against the real emulator.
 * The Windows hosts are in test/windows/doctor.test.mjs; snapshot.mjs says how to renew the snapshots.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEmulator, type Emulator, type FaultLeg } from 'msal-mi-emulator';
import { run, transcript } from './run-doctor.mjs';
import { assertSnapshot } from './snapshot.mjs';

const require = createRequire(import.meta.url);
const commandOf = (name: string) => join(dirname(require.resolve(`${name}/package.json`)), 'bin', `${name}.mjs`);
const DOCTOR = commandOf('msal-mi-core');

/** The emulator as its own command starts it. */
async function withEmulatorCommand(
  args: readonly string[],
  use: (env: Readonly<Record<string, string>>) => Promise<void>,
): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [commandOf('msal-mi-emulator'), '--json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    await use((JSON.parse(line) as { env: Record<string, string> }).env);
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
}

const compare = (name: string, text: string) =>
  assertSnapshot(name, text, { [`${process.platform} has no`]: '<platform> has no' });

describe('doctor', () => {
  it('says on a laptop that this is not an Azure VM, and how to go on without one', async () => {
    compare('laptop', await transcript(DOCTOR, [['doctor'], ['doctor', '--json']], {}));
  });

  it('finds everything in place with the emulator, and acquires and uses a token', async () => {
    const emulator = await startEmulator();
    try {
      const { handshake } = emulator.resources;
      const deep = ['doctor', '--deep', '--resource', handshake, '--url', `${handshake}/hello`];
      compare('emulator', await transcript(DOCTOR, [['doctor'], deep, [...deep, '--share']], emulator.env));
    } finally {
      await emulator.close();
    }
  });

  it('tells a VM whose IMDS has version 1 only', async () => {
    await withEmulatorCommand(['--imds-version', '1'], async (env) => {
      compare('imds-v1-only', await transcript(DOCTOR, [['doctor']], env));
    });
  });

  it('tells a VM without the identity, system-assigned and user-assigned', async () => {
    await withEmulatorCommand(['--no-identity'], async (env) => {
      const identity = '11111111-2222-3333-4444-555555555555';
      compare('no-identity', await transcript(DOCTOR, [['doctor'], ['doctor', '--identity', identity]], env));
    });
  });
});

describe('doctor --share', () => {
  it('prints no id, name or thumbprint of this VM, identity and tenant', async () => {
    const resourceId = '/subscriptions/s-1/resourceGroups/group-1/providers/Microsoft.ManagedIdentity/x/identity-1';
    const clientId = '11111111-1111-4111-8111-111111111111';
    const emulator = await startEmulator({ identities: [{ clientId, objectId: clientId, resourceId }] });
    try {
      const args = ['doctor', '--deep', '--resource', emulator.resources.handshake, '--identity', resourceId];
      const plain = await run(DOCTOR, args, emulator.env);
      const thumbprint = /bound to ([\w-]{43}),/.exec(plain.output)?.[1];
      const secrets = [emulator.tenantId, clientId, 'group-1', 'identity-1', thumbprint ?? 'no thumbprint'];
      for (const secret of secrets) expect(plain.output).toContain(secret);
      for (const format of [[], ['--json']]) {
        const shared = await run(DOCTOR, [...args, '--share', ...format], emulator.env);
        expect(shared.status).toBe(0);
        for (const secret of secrets) expect(shared.output).not.toContain(secret);
      }
    } finally {
      await emulator.close();
    }
  });
});

describe('doctor against an emulator that misbehaves', () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startEmulator();
  });
  afterAll(() => emulator.close());
  beforeEach(() => emulator.reset());

  it.each<[FaultLeg, number, string]>([
    ['getplatformmetadata', 503, 'IMDS version 2'],
    ['getplatformmetadata', 429, 'IMDS version 2'],
  ])('cannot tell when %s answers %i, and exits with 2', async (leg, status, title) => {
    emulator.fault(leg, [{ status, body: '' }]);
    const { status: exitCode, output } = await run(DOCTOR, ['doctor'], emulator.env);
    expect(output).toContain(`Could not tell: 1 of 15 checks failed: ${title}.`);
    expect(exitCode).toBe(2);
  });

  it('does not wait for a metadata service that never answers', async () => {
    emulator.fault('compute', [{ delayMs: 600_000 }]);
    const { status, output } = await run(DOCTOR, ['doctor'], emulator.env);
    expect(output).toContain(`${emulator.imdsUrl} does not answer (ETIMEDOUT)`);
    expect(status).toBe(1);
  });

  it('is not ready when one check is certain and another is not', async () => {
    emulator.fault('getplatformmetadata', [{ status: 503, body: '' }]);
    emulator.fault('compute', [{ headers: { Date: 'Thu, 01 Jan 2026 00:00:00 GMT' } }]);
    const { status, output } = await run(DOCTOR, ['doctor', '--json'], emulator.env);
    const { checks } = JSON.parse(output) as { checks: Array<{ id: string; inconclusive?: true }> };
    expect(checks.find(({ id }) => id === 'imds-v2')?.inconclusive).toBe(true);
    expect(checks.find(({ id }) => id === 'clock')?.inconclusive).toBeUndefined();
    expect(status).toBe(1);
  });

  it.each([
    [['doctor', '--min-strength', 'strong'], '--min-strength needs KeyGuard or Software.'],
    [['doctor', '--url', 'http://plain.example'], '--url needs an https URL.'],
    [
      ['doctor', '--url', 'https://vault.example'],
      '--url needs --deep, which acquires the token that the URL is called with.',
    ],
    [['doctor', '--identity', ' '], '--identity needs an id.'],
    [['doctor', '--bogus'], "Unknown option '--bogus'."],
    [['nurse'], 'Unknown command: nurse'],
  ])('%j is one line about it, and exit code 2', async (args, message) => {
    const { status, output } = await run(DOCTOR, args, emulator.env);
    expect(output).toBe(`msal-mi-core: ${message}\nTry --help.\n`);
    expect(status).toBe(2);
  });

  it('explains itself within 80 columns', async () => {
    const { output } = await run(DOCTOR, ['--help'], {});
    expect(output).toContain('--deep');
    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('ends without a word when its reader is gone', async () => {
    const child = spawn(process.execPath, [DOCTOR, 'doctor'], { env: { ...process.env, ...emulator.env } });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.stdout.destroy();
    const [status] = (await once(child, 'close')) as [number];
    expect(complaints).toBe('');
    expect(status).toBe(2);
  });

  it('holds a software key against a wish for KeyGuard', async () => {
    const { status, output } = await run(DOCTOR, ['doctor', '--min-strength', 'KeyGuard'], emulator.env);
    expect(output).toContain('Not ready: 1 of 15 checks failed: Operating system.');
    expect(status).toBe(1);
  });
});
