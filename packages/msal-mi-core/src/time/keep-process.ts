/** What keeps a process alive: whoever waits, and not the work, because it may run with nobody waiting (D26). */
import type { Socket } from 'node:net';

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** Lets the process live until `work` settles. */
export async function keepingProcess<T>(work: () => Promise<T>): Promise<T> {
  const handle = setInterval(() => undefined, LONGEST_INTERVAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(handle);
  }
}

/**
 * Lets the process end while an answer is waited for. Each address that a connection is tried with has a handle of its own,
 * so it is done again when one is connected. A kept connection holds the process again with the next request that it serves.
 */
export function unreference(socket: Socket): void {
  socket.unref();
  if (socket.connecting) socket.once('connect', () => socket.unref());
}
