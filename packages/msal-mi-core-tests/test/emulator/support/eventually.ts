import { setTimeout as delay } from 'node:timers/promises';

const GIVE_UP_MS = 20_000;

/** Waits until something that another connection or process does has happened; fails when it never does. */
export async function eventually(hasHappened: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!(await hasHappened())) {
    if (performance.now() > deadline) throw new Error('gave up waiting');
    await delay(10);
  }
}
