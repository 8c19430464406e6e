/** One page of a list, and where the next one starts. */
export interface Page<T> {
  items: T[];
  /** Undefined on the last page. */
  next: string | undefined;
}

/**
 * Cuts a page out of a list.
 * @param marker - `next` of the page before; undefined for the first one
 * @param size - as the client sent it; anything else than 1 to `largest` becomes `largest`
 */
export function pageOf<T>(list: readonly T[], marker: string | null, size: string | null, largest: number): Page<T> {
  const start = Math.max(0, Number.parseInt(marker ?? '0', 10) || 0);
  const wanted = Number.parseInt(size ?? '', 10);
  const count = wanted >= 1 && wanted <= largest ? wanted : largest;
  const end = start + count;
  return { items: list.slice(start, end), next: end < list.length ? String(end) : undefined };
}
