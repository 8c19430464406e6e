import { isRecord } from '../is-record.js';
import { checkFaultShape, isWholeNumber } from './check-fault-shape.js';
import type { Fault, FaultLeg, TlsAlert } from './fault-types.js';
import { ENTRA_REFUSALS, IMDS_REFUSALS, RESOURCE_REFUSALS } from './refusal-names.js';

type Mutation = NonNullable<Fault['mutate']>;

const REFUSALS: Readonly<Record<FaultLeg, readonly string[]>> = {
  getplatformmetadata: IMDS_REFUSALS,
  issuecredential: IMDS_REFUSALS,
  'imds-token': IMDS_REFUSALS,
  compute: IMDS_REFUSALS,
  attest: [],
  token: ENTRA_REFUSALS,
  resource: RESOURCE_REFUSALS,
};
const FAULT_LEGS = Object.keys(REFUSALS);
const TLS_LEGS: readonly FaultLeg[] = ['token', 'resource'];
const LEGS_WITH_AUDIENCE: readonly FaultLeg[] = ['token', 'imds-token'];
const RESETS: readonly unknown[] = ['handshake', 'after-handshake', 'before-response', 'after-processing', 'mid-body'];
const HANGS: readonly unknown[] = ['handshake', 'after-handshake', 'before-response', 'mid-body'];
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
  access_denied: 49,
  certificate_required: 116,
};
/** At most one of them; each makes the whole answer. */
const REPLACEMENTS = ['body', 'oauthError', 'refusal'];
/** What is sent as JSON. */
const JSON_MEMBERS = ['body', 'patch', 'oauthError', 'headers', 'retryAfter', 'certificate'];
const TEN_YEARS_SECONDS = 315_360_000;

/** @throws TypeError for an unknown leg */
export function checkLeg(leg: unknown): void {
  if (!FAULT_LEGS.includes(leg as string)) throw new TypeError(`unknown leg; use one of ${FAULT_LEGS.join(', ')}`);
}

/**
 * Checks a fault of a leg.
 * @returns a frozen copy
 * @throws TypeError naming the member and what it accepts
 */
export function checkFault(leg: FaultLeg, given: unknown, name: string): Fault {
  if (!isRecord(given)) throw new TypeError(`${name} must be an object`);
  const fault = { ...given };
  checkFaultShape(fault, name);
  checkCut(leg, fault, name);
  checkLegOfMembers(leg, fault, name);
  checkCombination(fault, name);
  return Object.freeze({ ...fault, ...jsonCopies(fault, name) });
}

/** What is sent as JSON is copied now: a later change by the caller, or a value JSON cannot hold, would surface in the answer. */
function jsonCopies(fault: Record<string, unknown>, name: string): Record<string, unknown> {
  const copies: Record<string, unknown> = {};
  for (const member of JSON_MEMBERS) {
    if (fault[member] === undefined) continue;
    try {
      copies[member] = JSON.parse(JSON.stringify(fault[member]));
    } catch {
      throw new TypeError(`${name}.${member} must be something that JSON can hold`);
    }
  }
  return copies;
}

function checkCut(leg: FaultLeg, { reset, resetBy, hang, tlsAlert }: Record<string, unknown>, name: string): void {
  if (reset !== undefined && !RESETS.includes(reset)) throw new TypeError(`${name}.reset must be ${RESETS.join(', ')}`);
  if (hang !== undefined && !HANGS.includes(hang)) throw new TypeError(`${name}.hang must be ${HANGS.join(', ')}`);
  if (reset !== undefined && hang !== undefined) throw new TypeError(`${name} has both reset and hang`);
  if (resetBy !== undefined && (reset === undefined || (resetBy !== 'rst' && resetBy !== 'fin'))) {
    throw new TypeError(`${name}.resetBy must be rst or fin, and needs reset`);
  }
  if ((reset === 'after-handshake' || hang === 'after-handshake') && !TLS_LEGS.includes(leg)) {
    throw new TypeError(`${name} ends after the handshake: that needs a leg over TLS (${TLS_LEGS.join(', ')})`);
  }
  if (tlsAlert === undefined) return;
  if (typeof tlsAlert !== 'string' || !Object.hasOwn(TLS_ALERT_CODES, tlsAlert)) {
    throw new TypeError(`${name}.tlsAlert must be one of ${Object.keys(TLS_ALERT_CODES).join(', ')}`);
  }
  if (reset !== 'handshake' || resetBy !== undefined || !TLS_LEGS.includes(leg)) {
    throw new TypeError(`${name}.tlsAlert needs reset "handshake" and a leg over TLS (${TLS_LEGS.join(', ')})`);
  }
}

function checkLegOfMembers(leg: FaultLeg, fault: Record<string, unknown>, name: string): void {
  const { mutate, refusal, audience, certificate } = fault;
  if (mutate !== undefined) {
    if (!MUTATIONS.has(mutate))
      throw new TypeError(`${name}.mutate must be one of ${[...MUTATIONS.keys()].join(', ')}`);
    const onlyLeg = MUTATIONS.get(mutate);
    if (onlyLeg !== undefined && onlyLeg !== leg) throw new TypeError(`${name}.mutate belongs to the leg ${onlyLeg}`);
  }
  if (refusal !== undefined && !REFUSALS[leg].includes(refusal as string)) {
    throw new TypeError(`${name}.refusal of the leg ${leg} must be one of ${REFUSALS[leg].join(', ') || 'none'}`);
  }
  if (audience !== undefined && !LEGS_WITH_AUDIENCE.includes(leg)) {
    throw new TypeError(`${name}.audience belongs to the legs ${LEGS_WITH_AUDIENCE.join(', ')}`);
  }
  if (certificate !== undefined) checkCertificate(leg, certificate, name);
}

function checkCertificate(leg: FaultLeg, certificate: unknown, name: string): void {
  const isValid =
    isRecord(certificate) &&
    Object.keys(certificate).every((member) => member === 'lifetimeSeconds' || member === 'tokenNotAfterSeconds') &&
    Object.values(certificate).every((seconds) => isWholeNumber(seconds, 0, TEN_YEARS_SECONDS));
  if (!isValid) {
    throw new TypeError(`${name}.certificate must be { lifetimeSeconds?, tokenNotAfterSeconds? }, whole numbers`);
  }
  if (leg !== 'issuecredential') throw new TypeError(`${name}.certificate belongs to the leg issuecredential`);
}

function checkCombination(fault: Record<string, unknown>, name: string): void {
  const { reset, hang, audience, mutate, patch, certificate } = fault;
  const isEarly = [reset, hang].some((position) => position === 'handshake' || position === 'after-handshake');
  if (isEarly && audience !== undefined) {
    throw new TypeError(`${name}.audience is not known before the request is read: use another reset or hang`);
  }
  const replacements = REPLACEMENTS.filter((member) => fault[member] !== undefined);
  const isScripted = replacements.length > 0 || fault.status !== undefined;
  const isChanged = mutate !== undefined || patch !== undefined || certificate !== undefined;
  if (replacements.length > 1 || (isScripted && isChanged)) {
    throw new TypeError(
      `${name} both replaces the answer (status, body, oauthError or refusal: one of the last three) and changes it`,
    );
  }
  if (Object.keys(fault).every((member) => member === 'audience')) throw new TypeError(`${name} does nothing`);
}
