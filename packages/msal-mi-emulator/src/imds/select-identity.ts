import type { Answer } from '../http/exchange.js';
import type { DirectoryEntry, IdentityDirectory, Selector } from '../identities.js';
import { imdsRefusal } from './imds-refusals.js';
import { invalidRequest } from './request-checks.js';

/**
 * The identity that a query selects, or the answer that says why there is none. Without selector it is the system-assigned
 * identity, or else the only user-assigned one.
 */
export function selectIdentity(
  query: URLSearchParams,
  directory: IdentityDirectory,
  selectors: readonly Selector[],
): { identity: DirectoryEntry } | { refusal: Answer } {
  const given = selectors.filter((selector) => query.has(selector));
  const [selector] = given;
  if (given.length > 1) return { refusal: invalidRequest('Only one identity selector may be given') };
  if (selector === undefined) return defaultIdentity(directory);
  const identity = directory.find(selector, query.get(selector) ?? '');
  return identity ? { identity } : { refusal: imdsRefusal('identity-not-found') };
}

function defaultIdentity({ systemAssigned, userAssigned }: IdentityDirectory): ReturnType<typeof selectIdentity> {
  if (systemAssigned) return { identity: systemAssigned };
  const [only, ...others] = userAssigned;
  if (!only) return { refusal: imdsRefusal('identity-not-found') };
  return others.length === 0 ? { identity: only } : { refusal: imdsRefusal('several-identities') };
}
