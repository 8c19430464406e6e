import { abortable } from '../time/clock.js';

interface Flight {
  readonly promise: Promise<unknown>;
  readonly controller: AbortController;
  waiters: number;
  landed: boolean;
  readonly forget: () => void;
}

/**
 * @param signal - Aborted when nobody waits any more.
 * @param mayKeep - False once the flight was forgotten: then nothing it brings goes into a cache.
 */
type Start<T> = (signal: AbortSignal, mayKeep: () => boolean) => Promise<T>;

/**
 * Runs equal work once for all who ask at the same time (D27). The work has a signal of its own: a caller's
 * abort detaches that caller, and only when nobody waits any more is the work itself aborted.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  async run<T>(key: string, signal: AbortSignal | undefined, start: Start<T>): Promise<T> {
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

  /** Whoever waits for such work gets it; whoever asks from now on has new work begun. */
  forgetWhere(matches: (key: string) => boolean): void {
    for (const [key, flight] of this.#flights) {
      if (!matches(key)) continue;
      flight.forget();
      this.#flights.delete(key);
    }
  }

  #launch(key: string, start: Start<unknown>): Flight {
    const controller = new AbortController();
    let isForgotten = false;
    const flight: Flight = {
      promise: start(controller.signal, () => !isForgotten),
      controller,
      waiters: 0,
      landed: false,
      forget: () => (isForgotten = true),
    };
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
