/** A code of Windows as it is written in winerror.h. */
export function hex(status: number): string {
  return `0x${status.toString(16).padStart(8, '0')}`;
}
