import { abortable } from '../time/clock.js';

interface Flight {
  readonly promise: Promise<unknown>;
  readonly controller: AbortController;
  waiters: number;
  landed: boolean;
}

/**
 * Runs equal work once for all who ask at the same time (D27). The work has a signal of its own: a caller's
 * abort detaches that caller, and only when nobody waits any more is the work itself aborted.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  async run<T>(key: string, signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#launch(key, start);
    flight.waiters += 1;
    try {
      return await abortable(flight.promise as Promise<T>, signal);
    } finally {
      flight.waiters -= 1;
      if (flight.waiters === 0 && !flight.landed) {
        this.#land(key, flight);
        flight.controller.abort(signal?.reason);
      }
    }
  }

  /** How much work is under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** Whether work for `key` is under way. */
  has(key: string): boolean {
    return this.#flights.has(key);
  }

  #launch(key: string, start: (signal: AbortSignal) => Promise<unknown>): Flight {
    const controller = new AbortController();
    const flight: Flight = { promise: start(controller.signal), controller, waiters: 0, landed: false };
    this.#flights.set(key, flight);
    const land = () => this.#land(key, flight);
    flight.promise.then(land, land);
    return flight;
  }

  #land(key: string, flight: Flight): void {
    flight.landed = true;
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
