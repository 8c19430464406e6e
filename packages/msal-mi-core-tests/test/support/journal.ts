/** Reads the emulator's journal as the sequence of protocol legs. */
import type { Emulator, JournalEntry } from 'msal-mi-emulator';

/** `v2-probe` and `v1-probe` are requests without the Metadata header; `v1` is a bearer token request. */
export type Leg =
  'metadata' | 'issuecredential' | 'token' | 'attest' | 'v2-probe' | 'v1-probe' | 'v1' | 'compute' | 'resource';

export function legOf({ leg, url, headers }: JournalEntry): Leg {
  const isProbe = headers['metadata'] === undefined;
  if (leg === 'maa') return 'attest';
  if (leg === 'token' || leg === 'resource') return leg;
  if (url.includes('/getplatformmetadata')) return isProbe ? 'v2-probe' : 'metadata';
  if (url.includes('/issuecredential')) return 'issuecredential';
  if (url.includes('/metadata/identity/oauth2/token')) return isProbe ? 'v1-probe' : 'v1';
  if (url.includes('/metadata/instance/compute')) return 'compute';
  throw new Error(`a request that belongs to no leg: ${url}`);
}

/** The legs in the order of their requests. */
export function legs(emulator: Emulator): Leg[] {
  return emulator.journal.map(legOf);
}

/** All requests of one leg. */
export function requestsOf(emulator: Emulator, leg: Leg): JournalEntry[] {
  return emulator.journal.filter((entry) => legOf(entry) === leg);
}

/** The only request of a leg. */
export function requestOf(emulator: Emulator, leg: Leg): JournalEntry {
  const [entry, ...others] = requestsOf(emulator, leg);
  if (entry === undefined || others.length > 0)
    throw new Error(`${others.length + (entry ? 1 : 0)} requests of ${leg}`);
  return entry;
}

/** Query parameters of a request. */
export function queryOf({ url }: JournalEntry): Record<string, string> {
  return Object.fromEntries(new URL(url, 'http://localhost').searchParams);
}

/** Form fields of a token request. */
export function formOf({ body }: JournalEntry): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}
