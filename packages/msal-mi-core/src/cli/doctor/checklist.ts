/**
 * What only a real VM can settle (docs/discoveries/only-a-real-vm.md): each assumption with what is expected and, where this
 * command can find out, what was seen. Made to be pasted into an issue.
 */
import { homedir } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Platform } from '../../ports.js';
import type { NativeBindings } from '../../platform/win32/native/bindings.js';
import { acquireLock } from '../../platform/win32/interprocess-lock.js';
import type { CheckResult, ChecklistLine } from './check.js';
import { networkCode } from './from-error.js';
import type { Seen } from './seen.js';

/** What the experiments work with. */
export interface VmFacts {
  readonly native: () => NativeBindings;
  readonly keys: Platform;
  readonly isProxySet: boolean;
  readonly url: URL | undefined;
}

const ANSWER_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 5_000;
const rig = (part: string) => `not run: pnpm --filter msal-mi-core-tests test:windows ${part}`;
const NEEDS_URL = 'not run: doctor --deep --resource <uri> --url <https url>';
const NEEDS_TOKEN = 'not run: no bound token was had';

/** @param checks - What this run of the command found already. */
export async function vmChecklist(
  facts: VmFacts,
  seen: Seen,
  checks: readonly CheckResult[],
): Promise<readonly ChecklistLine[]> {
  const evidence = (id: string) => checks.find((check) => check.id === id)?.evidence ?? '';
  const flight = await seenOr(() => requestOverClosedSession(facts, seen));
  return [
    line(1, 'a request in flight outlives its closed session', 'an answer', flight),
    line(2, 'a first connection without egress on port 80', 'an answer in less than 10 s', flight),
    line(3, 'a revoked server', 'no request goes out, code 12170', rig('revocation')),
    line(
      4,
      'Schannel signs with dwKeySpec 0 and CERT_NCRYPT_KEY_SPEC',
      'a token that names the certificate',
      seen.token === undefined ? NEEDS_TOKEN : evidence('token'),
    ),
    line(
      5,
      'a preset certificate answers a renegotiation (Key Vault)',
      'an answer other than 401',
      facts.url === undefined ? NEEDS_URL : evidence('resource'),
    ),
    line(6, 'header values as Latin-1 bytes', 'the same bytes at the server', rig('fetch-contract')),
    line(
      7,
      'a proxy that answers CONNECT with 407, and one with 403',
      'ERR_PROXY_AUTHENTICATION, ERR_PROXY_REFUSED',
      facts.isProxySet ? evidence('token') : 'not run: set HTTPS_PROXY to such a proxy, then doctor --deep',
    ),
    line(
      8,
      'the profile of this account can be found and written',
      'the lock is had',
      await seenOr(() => takeLock(facts)),
    ),
    line(9, '"Virtual Iso" of the key', 'there, first byte not 0', await seenOr(() => readIsolation(facts, seen))),
    line(10, 'an early answer after a write that failed', 'status 413', rig('transport')),
  ];
}

function line(number: number, what: string, expected: string, seen: string): ChecklistLine {
  return { number, what, expected, seen };
}

async function seenOr(look: () => Promise<string>): Promise<string> {
  try {
    return await look();
  } catch (error) {
    return `failed: ${networkCode(error)}`;
  }
}

/** The channel is retired while its request is under way, which closes the WinHTTP session below it. */
async function requestOverClosedSession({ keys, url }: VmFacts, { token }: Seen): Promise<string> {
  if (token === undefined) return NEEDS_TOKEN;
  if (url === undefined) return NEEDS_URL;
  const key = await keys.keyStore.open({ verify: false });
  const channel = keys.createTransport([]).bind(key, token.bindingCertificate.toX509Certificate().raw);
  channel.retire();
  const begunMs = performance.now();
  const { status, body } = await channel.send({
    method: 'GET',
    url: new URL('/', url),
    headers: [],
    idempotent: false,
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  await body[Symbol.asyncIterator]().return?.();
  return `HTTP ${status} after ${Math.round(performance.now() - begunMs)} ms`;
}

async function takeLock({ native }: VmFacts): Promise<string> {
  const lock = await acquireLock(native(), { kind: 'key', subject: 'doctor', timeoutMs: LOCK_TIMEOUT_MS });
  if (lock.kind === 'busy') return 'busy';
  lock.release();
  return `had, home folder ${homedir()}`;
}

async function readIsolation({ native, keys }: VmFacts, { token }: Seen): Promise<string> {
  if (token === undefined) return NEEDS_TOKEN;
  const { named } = await keys.keyStore.open({ verify: false });
  if (named === undefined) return 'a software key';
  const { isolation } = await native().probeKey(named);
  return `${isolation.length} bytes: ${Buffer.from(isolation).toString('hex')}`;
}

/** As a table that issue trackers show as one. */
export function formatChecklist(lines: readonly ChecklistLine[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
  const rows = lines.map(({ number, what, expected, seen }) =>
    ['', String(number), what, expected, seen, ''].map(cell).join(' | ').trim(),
  );
  return [
    'What only a real VM can settle, to be pasted into an issue (docs/discoveries/only-a-real-vm.md):',
    '',
    '| # | what | expected | seen |',
    '| - | ---- | -------- | ---- |',
    ...rows,
  ].join('\n');
}
