import { readMembers } from '../options/options.js';

/** On a server-side connection. The platform's Request still judges their values. */
export const CHANGING_NOTHING = ['mode', 'credentials', 'cache', 'referrer', 'referrerPolicy'] as const;
const NAMES = [
  'method',
  'headers',
  'body',
  'duplex',
  'redirect',
  'signal',
  'integrity',
  'dispatcher',
  'agent',
  ...CHANGING_NOTHING,
] as const;

/** The members of `init` that anything reads. */
export type FetchInit = Readonly<Record<(typeof NAMES)[number], unknown>>;

/**
 * Reads each member of `init` once, those of its class included, as the platform does.
 *
 * @throws TypeError for one that cannot be read, or that comes from a polluted Object.prototype.
 */
export function readFetchInit(init: unknown): FetchInit {
  return readMembers(Object(init ?? {}) as object, NAMES, (message) => new TypeError(message));
}
