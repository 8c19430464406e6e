import { randomBytes, randomUUID } from 'node:crypto';

/** All of a UUID but its last eight digits: this process's own. */
const prefix = randomUUID().slice(0, -8);
const lastDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
let count = randomBytes(4).readUInt32BE();
/** All but the last two digits, for as many ids as there are last digits. */
let head = headOf(count);

/**
 * A UUID (RFC 9562, version 4 by its form) that no other call of this process has and none of another process will. The
 * ids of one process differ in their last eight digits, which count: they name calls and need not be unpredictable, and
 * every cached token takes one.
 */
export function createCorrelationId(): string {
  count = (count + 1) >>> 0;
  const lastByte = count & 0xff;
  if (lastByte === 0) head = headOf(count);
  return `${head}${lastDigits[lastByte] ?? ''}`;
}

function headOf(number: number): string {
  return prefix + (number >>> 8).toString(16).padStart(6, '0');
}
