/** All of a UUID but its last eight digits: this process's own. */
let prefix = '';
let count = 0;
/** All but the last two digits, for as many ids as there are last digits. */
let head = '';
const lastDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A UUID (RFC 9562, version 4 by its form) that no other call of this process has and none of another process will. The
 * ids of one process differ in their last eight digits, which count: they name calls and need not be unpredictable, and
 * every cached token takes one.
 */
export function createCorrelationId(): string {
  if (prefix === '') begin();
  count = (count + 1) >>> 0;
  const lastByte = count & 0xff;
  if (lastByte === 0) head = headOf(count);
  return head + (lastDigits[lastByte] ?? '');
}

/** With the first id, and by the global object: loading `node:crypto` is not part of importing this library. */
function begin(): void {
  const uuid = globalThis.crypto.randomUUID();
  prefix = uuid.slice(0, -8);
  count = parseInt(uuid.slice(-8), 16);
  head = headOf(count);
}

function headOf(number: number): string {
  return prefix + (number >>> 8).toString(16).padStart(6, '0');
}
