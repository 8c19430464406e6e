// For tests inside of Windows: the servers on the other side, the Windows of this test, and other processes in it.
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { RIG_CONTROL_URL, RIG_PROBE } = process.env;

/** Functions of Windows that the product does not export; see windows-rig/probe. */
export const probe = createRequire(import.meta.url)(RIG_PROBE);
export const isWine = probe.isSimulated();
/** For `skip`: why not in Wine. `run.mjs --try-skipped` shows what a newer Wine can do by now. */
export const notInWine = (reason) => isWine && process.env.RIG_TRY_SKIPPED !== '1' && `Wine ${reason}`;

/** The addon of the installed package, as its own loader finds it. */
export const addonPath = fileURLToPath(
  new URL('../node_modules/msal-mi-core/prebuilds/win32-x64/msal-mi-core.node', import.meta.url),
);
export const addon = createRequire(import.meta.url)(addonPath);

/** How a test asks the addon for a session: straight, with limits that no good answer meets. */
export const SESSION = {
  proxy: 'direct',
  allowTls13: false,
  resolveTimeoutMs: 0,
  connectTimeoutMs: 5000,
  sendTimeoutMs: 5000,
  receiveTimeoutMs: 5000,
};

async function control(action, body) {
  const response = await fetch(`${RIG_CONTROL_URL}/${action}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Starts a server on the other side. Its authority is trusted before the first handshake of this process. */
export async function start(kind, options) {
  const started = await control('start', { kind, options });
  for (const pem of [started.ca, started.emulatorCa]) {
    if (pem === undefined) continue;
    const status = probe.trustRoot(new X509Certificate(pem).raw, !isWine);
    if (status !== 0) throw new Error(`the authority could not be trusted: ${status}`);
  }
  const call = async (method, ...args) => (await control('call', { id: started.id, method, args })).result;
  return { ...started, call, close: () => control('stop', { id: started.id }) };
}

/** An emulator, and this process set up to use it with a key store of its own. */
export async function startWorld(namespace, options) {
  const emulator = await start('emulator', options);
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = emulator.imdsUrl;
  process.env.KEYGUARD_SIM_NAMESPACE = namespace;
  return emulator;
}

/** How often each leg was asked. */
export async function countLegs(emulator) {
  const journal = await emulator.call('journal');
  const count = (part) => journal.filter(({ url }) => url.includes(part)).length;
  return {
    metadata: count('/getplatformmetadata'),
    issued: count('/issuecredential'),
    token: count('/oauth2/v2.0/token'),
  };
}

/** Runs a script of `guest/` in another node.exe. Resolves with what it printed as JSON on its last line. */
export async function runScript(name, { env = {}, args = [] } = {}) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  const [status] = await once(child, 'close');
  const lastLine = output.trim().split(/\r?\n/).at(-1) ?? '';
  let result;
  try {
    result = JSON.parse(lastLine);
  } catch {
    result = undefined;
  }
  return { status, result, output, errors };
}
