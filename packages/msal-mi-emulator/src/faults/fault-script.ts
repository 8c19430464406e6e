import { checkFault, checkLeg } from './check-fault.js';
import type { Fault, FaultLeg, Outage } from './fault-types.js';

/** Where a connection ends or falls silent before a request is read from it. */
export type EarlyPosition = 'handshake' | 'after-handshake';

interface LastingFault {
  legs: ReadonlySet<FaultLeg>;
  fault: Fault;
  /** Infinity: until it is ended. */
  left: number;
  met: number;
}

/** Scripted faults of every leg: queued ones are taken in the order in which they were added, lasting ones after them. */
export class FaultScript {
  readonly #queues = new Map<FaultLeg, Fault[]>();
  #lasting: LastingFault[] = [];

  /**
   * Appends faults to a leg. All of them are checked before the first one is added.
   * @throws TypeError for an unknown leg or a malformed fault
   */
  add(leg: FaultLeg, faults: Fault[]): void {
    checkLeg(leg);
    const checked = readable(() => {
      if (!Array.isArray(faults)) throw new TypeError('faults must be an array');
      return faults.map((fault: unknown, index) => checkFault(leg, fault, `faults[${index}]`));
    });
    this.#queues.set(leg, [...(this.#queues.get(leg) ?? []), ...checked]);
  }

  /**
   * Lets a fault meet every request of some legs, until it is ended or has met enough of them.
   * @throws TypeError for an unknown leg, a malformed fault or number
   */
  addLasting(legs: FaultLeg | readonly FaultLeg[], fault: Fault, options: { requests?: number } = {}): Outage {
    const { wanted, requests, checked } = readable(() => {
      const wanted: FaultLeg[] = Array.isArray(legs) ? [...(legs as FaultLeg[])] : [legs as FaultLeg];
      if (wanted.length === 0) throw new TypeError('legs must be a leg or a list of legs');
      for (const leg of wanted) checkLeg(leg);
      const { requests } = options;
      return { wanted, requests, checked: wanted.map((leg) => checkFault(leg, fault, 'fault'))[0] };
    });
    if (requests !== undefined && (!Number.isSafeInteger(requests) || requests < 1)) {
      throw new TypeError('requests must be a whole number from 1');
    }
    const lasting: LastingFault = { legs: new Set(wanted), fault: checked!, left: requests ?? Infinity, met: 0 };
    this.#lasting.push(lasting);
    return Object.freeze<Outage>({
      get met() {
        return lasting.met;
      },
      end: () => this.#end(lasting),
    });
  }

  /** Whether the next connection or request of a leg ends at an early position. */
  isNext(leg: FaultLeg, position: EarlyPosition): boolean {
    const next = this.#queues.get(leg)?.[0] ?? this.#lastingFor(leg)?.fault;
    return next !== undefined && positionOf(next) === position;
  }

  /** The next fault of a leg if it ends at an early position, removed from the script. */
  takeEarly(leg: FaultLeg, ...positions: EarlyPosition[]): Fault | undefined {
    return positions.some((position) => this.isNext(leg, position)) ? this.#shift(leg, 0) : undefined;
  }

  /**
   * The fault that meets a request, removed from the script.
   * @param audience resource that a token request asks for
   */
  take(leg: FaultLeg, audience: string | undefined): Fault | undefined {
    const queue = this.#queues.get(leg) ?? [];
    const index = queue.findIndex((fault) => isMeant(fault, audience));
    return this.#shift(leg, index, audience);
  }

  /** Forgets everything. */
  clear(): void {
    this.#queues.clear();
    this.#lasting = [];
  }

  #shift(leg: FaultLeg, index: number, audience?: string): Fault | undefined {
    const queued = index < 0 ? undefined : this.#queues.get(leg)?.splice(index, 1)[0];
    if (queued) return queued;
    const lasting = this.#lastingFor(leg, audience);
    if (!lasting) return undefined;
    lasting.met += 1;
    lasting.left -= 1;
    if (lasting.left === 0) this.#end(lasting);
    return lasting.fault;
  }

  #lastingFor(leg: FaultLeg, audience?: string): LastingFault | undefined {
    return this.#lasting.find(({ legs, fault }) => legs.has(leg) && isMeant(fault, audience));
  }

  #end(ended: LastingFault): void {
    this.#lasting = this.#lasting.filter((lasting) => lasting !== ended);
  }
}

function positionOf({ reset, hang }: Fault): string | undefined {
  return reset ?? hang;
}

function isMeant(fault: Fault, audience: string | undefined): boolean {
  return (
    fault.audience === undefined || (audience !== undefined && withoutSlash(fault.audience) === withoutSlash(audience))
  );
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/$/, '');
}

/** What is passed may have getters, and be a proxy. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TypeError
      ? error
      : new TypeError('a fault cannot be read: a getter or a proxy in it throws');
  }
}
