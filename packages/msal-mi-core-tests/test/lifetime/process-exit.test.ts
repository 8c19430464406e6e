import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { startEmulator } from 'msal-mi-emulator';
import { untilTheEnd } from '../support/until-the-end.js';

const PROGRAM = resolve(import.meta.dirname, 'programs/acquire-and-end.mjs');
/** Far more than any of the programs takes, far less than an idle connection or a deadline would hold a process. */
const PATIENCE_MS = 25_000;

const emulator = await untilTheEnd(startEmulator({ tokenLifetimeSeconds: 6 * 3_600, refreshInSeconds: 3 * 3_600 }));
beforeEach(() => emulator.reset());

function run(what: string): Promise<{ stdout: string; stderr: string; error: Error | null }> {
  const options = { env: { ...process.env, ...emulator.env }, timeout: PATIENCE_MS };
  return new Promise((settle) => {
    execFile(process.execPath, [PROGRAM, what, emulator.resources.handshake], options, (error, stdout, stderr) =>
      settle({ stdout, stderr, error }),
    );
  });
}

test.each([
  ['acquire', 'a token was acquired'],
  ['keepAlive', 'connections to a resource are kept alive and idle'],
  ['abort', 'a call was aborted on its way'],
  ['capabilities', 'the host was asked what it can do'],
  ['joinedRefresh', 'a call joined a refresh that had begun in the background'],
])('a process ends by itself after: %s (%s)', async (what) => {
  expect(await run(what)).toMatchObject({ stdout: 'done', stderr: '', error: null });
});

const HARMLESS = { headers: { 'x-first': 'answered' } };

test.each([
  ['silentRefresh', 'token'],
  ['silentRenewal', 'getplatformmetadata'],
  ['silentSecondAddress', 'getplatformmetadata'],
] as const)('rule D26: background work keeps no process alive: %s, while %s gives no answer', async (what, leg) => {
  emulator.fault(leg, [HARMLESS, { hang: 'before-response' }]);

  expect(await run(what)).toMatchObject({ stdout: 'done', stderr: '', error: null });
});
