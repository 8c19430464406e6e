import type { Fault, FaultLeg, TlsAlert } from './types.js';

type Mutation = NonNullable<Fault['mutate']>;

const FAULT_LEGS: ReadonlySet<FaultLeg> = new Set<FaultLeg>([
  'getplatformmetadata',
  'issuecredential',
  'attest',
  'token',
  'resource',
  'imds-token',
  'compute',
]);
const TLS_LEGS: ReadonlySet<FaultLeg> = new Set<FaultLeg>(['token', 'resource']);
const RESETS: ReadonlySet<unknown> = new Set<NonNullable<Fault['reset']>>(['before-response', 'mid-body', 'handshake']);
/** Which leg has the answer that a mutation changes; undefined: every leg. */
const MUTATIONS: ReadonlyMap<unknown, FaultLeg | undefined> = new Map<Mutation, FaultLeg | undefined>([
  ['wrong-cnf', 'token'],
  ['bearer-token-type', 'token'],
  ['no-token-type', 'token'],
  ['no-access-token', 'token'],
  ['other-key-certificate', 'issuecredential'],
  ['not-a-certificate', 'issuecredential'],
  ['malformed-json', undefined],
]);
/** AlertDescription codes (RFC 8446 section 6). */
export const TLS_ALERT_CODES: Readonly<Record<TlsAlert, number>> = {
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  unknown_ca: 48,
  certificate_required: 116,
};
const MEMBERS: ReadonlySet<string> = new Set<keyof Fault>([
  'status',
  'headers',
  'body',
  'delayMs',
  'reset',
  'tlsAlert',
  'oauthError',
  'mutate',
  'patch',
]);
const LONGEST_DELAY_MS = 600_000;

/** Scripted faults of every leg, taken in the order in which they were added. */
export class FaultScript {
  readonly #queues = new Map<FaultLeg, Fault[]>();

  /**
   * Appends faults to a leg. All of them are checked before the first one is added.
   * @throws TypeError for an unknown leg or a malformed fault
   */
  add(leg: FaultLeg, faults: Fault[]): void {
    if (!FAULT_LEGS.has(leg)) throw new TypeError(`unknown leg; use one of ${[...FAULT_LEGS].join(', ')}`);
    if (!Array.isArray(faults)) throw new TypeError('faults must be an array');
    const checked = faults.map((fault: unknown, index) => checkFault(leg, fault, `faults[${index}]`));
    this.#queues.set(leg, [...(this.#queues.get(leg) ?? []), ...checked]);
  }

  /** The next fault of a leg, removed from the script. */
  take(leg: FaultLeg): Fault | undefined {
    return this.#queues.get(leg)?.shift();
  }

  /** The next fault of a leg if it cuts a TLS handshake, removed from the script. */
  takeHandshakeReset(leg: FaultLeg): Fault | undefined {
    const queue = this.#queues.get(leg);
    return queue?.[0]?.reset === 'handshake' ? queue.shift() : undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#queues.clear();
  }
}

function checkFault(leg: FaultLeg, fault: unknown, name: string): Fault {
  if (!isRecord(fault)) throw new TypeError(`${name} must be an object`);
  for (const member of Object.keys(fault)) {
    if (!MEMBERS.has(member)) throw new TypeError(`${name} has a member that is not one of ${[...MEMBERS].join(', ')}`);
  }
  checkStatusAndDelay(fault, name);
  checkHeaders(fault.headers, name);
  checkOauthError(fault.oauthError, name);
  checkReset(leg, fault, name);
  checkChange(leg, fault, name);
  if (Object.keys(fault).length === 0) throw new TypeError(`${name} does nothing`);
  return Object.freeze({ ...fault, ...jsonCopies(fault, name) });
}

/** What is sent as JSON is copied now: a later change by the caller, or a value JSON cannot hold, would surface in the answer. */
function jsonCopies(fault: Record<string, unknown>, name: string): Record<string, unknown> {
  const copies: Record<string, unknown> = {};
  for (const member of ['body', 'patch', 'oauthError', 'headers']) {
    if (fault[member] === undefined) continue;
    try {
      copies[member] = JSON.parse(JSON.stringify(fault[member]));
    } catch {
      throw new TypeError(`${name}.${member} must be something that JSON can hold`);
    }
  }
  return copies;
}

function checkStatusAndDelay({ status, delayMs }: Record<string, unknown>, name: string): void {
  if (status !== undefined && !isWholeNumber(status, 200, 599)) {
    throw new TypeError(`${name}.status must be a whole number from 200 to 599`);
  }
  if (delayMs !== undefined && !isWholeNumber(delayMs, 0, LONGEST_DELAY_MS)) {
    throw new TypeError(`${name}.delayMs must be a whole number from 0 to ${LONGEST_DELAY_MS}`);
  }
}

function checkHeaders(headers: unknown, name: string): void {
  if (headers === undefined) return;
  if (!isRecord(headers)) throw new TypeError(`${name}.headers must be an object`);
  for (const [header, value] of Object.entries(headers)) {
    const isValid = /^[\w!#$%&'*+.^`|~-]+$/.test(header) && (value === null || isHeaderValue(value));
    if (!isValid) throw new TypeError(`${name}.headers must map header names to one-line strings or null`);
  }
}

function checkOauthError(oauthError: unknown, name: string): void {
  if (oauthError === undefined) return;
  const isValid =
    isRecord(oauthError) &&
    typeof oauthError.error === 'string' &&
    (oauthError.error_description === undefined || typeof oauthError.error_description === 'string') &&
    (oauthError.error_codes === undefined ||
      (Array.isArray(oauthError.error_codes) && oauthError.error_codes.every((code) => typeof code === 'number')));
  if (!isValid) throw new TypeError(`${name}.oauthError must be { error, error_description?, error_codes?: number[] }`);
}

function checkReset(leg: FaultLeg, { reset, tlsAlert }: Record<string, unknown>, name: string): void {
  if (reset !== undefined && !RESETS.has(reset)) throw new TypeError(`${name}.reset must be ${[...RESETS].join(', ')}`);
  if (tlsAlert === undefined) return;
  if (typeof tlsAlert !== 'string' || !Object.hasOwn(TLS_ALERT_CODES, tlsAlert)) {
    throw new TypeError(`${name}.tlsAlert must be one of ${Object.keys(TLS_ALERT_CODES).join(', ')}`);
  }
  if (reset !== 'handshake' || !TLS_LEGS.has(leg)) {
    throw new TypeError(`${name}.tlsAlert needs reset "handshake" and a leg over TLS (${[...TLS_LEGS].join(', ')})`);
  }
}

function checkChange(leg: FaultLeg, fault: Record<string, unknown>, name: string): void {
  const { mutate, patch } = fault;
  if (patch !== undefined && !isRecord(patch)) throw new TypeError(`${name}.patch must be an object`);
  if (mutate !== undefined) {
    if (!MUTATIONS.has(mutate))
      throw new TypeError(`${name}.mutate must be one of ${[...MUTATIONS.keys()].join(', ')}`);
    const onlyLeg = MUTATIONS.get(mutate);
    if (onlyLeg !== undefined && onlyLeg !== leg) throw new TypeError(`${name}.mutate belongs to the leg ${onlyLeg}`);
  }
  const replacements = ['body', 'oauthError'].filter((member) => fault[member] !== undefined);
  const isScripted = replacements.length > 0 || fault.status !== undefined;
  if (replacements.length === 2 || (isScripted && (mutate !== undefined || patch !== undefined))) {
    throw new TypeError(
      `${name} both replaces the answer (status, body or oauthError: one of the last two) and changes it`,
    );
  }
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function isWholeNumber(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
