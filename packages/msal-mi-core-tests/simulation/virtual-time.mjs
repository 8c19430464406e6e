/**
 * Time that passes from event to event. What waits is in a binary heap; nobody waits for real. The order is that of the due
 * times, and of the calls where those are equal, so that a run with the same seed is the same run.
 */
export class VirtualTime {
  #heap = [];
  #order = 0;

  constructor(startMs) {
    this.nowMs = startMs;
  }

  /** @returns a handle for {@link cancel} */
  at(dueMs, run) {
    const event = { dueMs: Math.max(dueMs, this.nowMs), order: (this.#order += 1), run };
    const heap = this.#heap;
    heap.push(event);
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[child] = heap[parent];
      heap[parent] = event;
      child = parent;
    }
    return event;
  }

  cancel(event) {
    event.run = undefined; // Thrown away when its turn comes.
  }

  /** Runs what is due up to `endMs`, each event to the last of its promises before the next one. */
  async run(endMs) {
    for (let event = this.#next(endMs); event !== undefined; event = this.#next(endMs)) {
      this.nowMs = event.dueMs;
      event.run();
      await new Promise(setImmediate);
    }
    this.nowMs = endMs;
  }

  #next(endMs) {
    const heap = this.#heap;
    while (heap.length > 0 && heap[0].dueMs <= endMs) {
      const event = this.#pop();
      if (event.run !== undefined) return event;
    }
    return undefined;
  }

  #pop() {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], last)) break;
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

const isBefore = (one, other) => one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);

/** The clock that msal-mi-core is given. */
export function createClock(time, random) {
  return {
    now: () => time.nowMs,
    monotonicMs: () => time.nowMs,
    setBackMs: () => 0,
    random,
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const onAbort = () => {
          time.cancel(event);
          reject(signal.reason);
        };
        const event = time.at(time.nowMs + durationMs, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
