import { isRecord } from '../is-record.js';
import type { Fault } from './fault-types.js';

type Checks = Readonly<Record<keyof Fault, (value: unknown) => string | undefined>>;

const LONGEST_DELAY_MS = 600_000;
const ONE_YEAR_SECONDS = 31_536_000;

/** What each member accepts by itself; the members that are not checked here depend on the leg. */
const CHECKS: Checks = {
  status: (value) =>
    value === 101 || isWholeNumber(value, 200, 599) ? undefined : 'must be 101 or a whole number from 200 to 599',
  headers: (value) =>
    isRecord(value) && Object.entries(value).every(isHeader)
      ? undefined
      : isRecord(value)
        ? 'must map header names to one-line strings or null'
        : 'must be an object',
  retryAfter: (value) =>
    isRetryAfter(value) ? undefined : "must be { seconds: 0 to 31536000, as?: 'seconds' or 'http-date' }",
  body: () => undefined,
  endlessBody: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  delayMs: (value) =>
    isWholeNumber(value, 0, LONGEST_DELAY_MS) ? undefined : `must be a whole number from 0 to ${LONGEST_DELAY_MS}`,
  reset: () => undefined,
  resetBy: () => undefined,
  hang: () => undefined,
  tlsAlert: () => undefined,
  oauthError: (value) =>
    isOauthError(value) ? undefined : 'must be { error, error_description?, error_codes?: number[] }',
  refusal: () => undefined,
  audience: (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be the URI of a resource'),
  certificate: () => undefined,
  mutate: () => undefined,
  patch: (value) => (isRecord(value) ? undefined : 'must be an object'),
};

/**
 * Checks the members of a fault one by one.
 * @throws TypeError naming the member and what it accepts
 */
export function checkFaultShape(fault: Record<string, unknown>, name: string): void {
  for (const [member, value] of Object.entries(fault)) {
    if (!Object.hasOwn(CHECKS, member)) {
      throw new TypeError(`${name} has a member that is not one of ${Object.keys(CHECKS).join(', ')}`);
    }
    const defect = value === undefined ? undefined : CHECKS[member as keyof Fault](value);
    if (defect !== undefined) throw new TypeError(`${name}.${member} ${defect}`);
  }
}

function isHeader([header, value]: [string, unknown]): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(header) && (value === null || isHeaderValue(value));
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

function isRetryAfter(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { seconds, as, ...rest } = value;
  const isDuration = typeof seconds === 'number' && seconds >= 0 && seconds <= ONE_YEAR_SECONDS;
  const isForm = as === undefined || as === 'seconds' || as === 'http-date';
  return isDuration && isForm && Object.keys(rest).length === 0;
}

function isOauthError(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.error === 'string' &&
    (value.error_description === undefined || typeof value.error_description === 'string') &&
    (value.error_codes === undefined ||
      (Array.isArray(value.error_codes) && value.error_codes.every((code) => typeof code === 'number')))
  );
}

/** Whether a value is a whole number in a range, both ends included. */
export function isWholeNumber(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}
