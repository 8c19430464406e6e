/** The WinHTTP transport over a Windows that is scripted. */
import { KEYGUARD_KEY } from 'core/platform/win32/key-store.js';
import { createWin32Transport } from 'core/platform/win32/mtls-transport.js';
import type { MtlsRequest, MtlsTransport, SigningKey } from 'core/ports.js';
import { ScriptedWindows, type ScriptedRequest } from 'support/scripted-windows.js';

export const CERTIFICATE = Buffer.from('der');
export const KEY = { named: KEYGUARD_KEY } as SigningKey;

/** A transport over it, and one channel of it. */
export function start() {
  const windows = new ScriptedWindows();
  const clock = { nowMs: 0 };
  const proxy = { httpsProxy: undefined as string | undefined, noProxy: undefined };
  const software: MtlsTransport = {
    bind: () => {
      throw new Error('taken over by the software transport');
    },
  };
  const transport = createWin32Transport({
    native: () => windows,
    software,
    readProxyEnvironment: () => proxy,
    now: () => clock.nowMs,
  });
  const channel = transport.bind(KEY, CERTIFICATE);
  const send = async (overrides: Partial<MtlsRequest> = {}) => {
    const url = new URL('https://login.example/a/b?c=d');
    const answer = channel.send({ method: 'GET', url, headers: [], idempotent: true, ...overrides });
    answer.catch(() => undefined);
    await settled();
    return { answer, request: windows.sessions.at(-1)?.requests.at(-1) as ScriptedRequest };
  };
  return { windows, clock, proxy, transport, channel, send };
}

/** Lets everything run that waits for nothing but the microtask queue. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

export async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
