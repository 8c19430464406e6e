import type { Answer } from '../http/exchange.js';
import type { DirectoryEntry, IdentityDirectory, Selector } from '../identities.js';

/** A 400 in the shape of IMDS. */
export function invalidRequest(description: string, failure = description): Answer {
  return { status: 400, json: { error: 'invalid_request', error_description: description }, failure };
}

/** Refuses query variables that the endpoint does not know, and repeated ones. */
export function findQueryDefect(query: URLSearchParams, known: readonly string[]): Answer | undefined {
  const unsupported = [...query.keys()].filter((name) => !known.includes(name));
  if (unsupported.length > 0) {
    return invalidRequest(
      `Unsupported query variables. Supported ones: ${known.join(', ')}`,
      `unsupported query variables: ${unsupported.join(', ')}`,
    );
  }
  const repeated = known.find((name) => query.getAll(name).length > 1);
  return repeated === undefined ? undefined : invalidRequest(`Query variable ${repeated} is given more than once`);
}

/** The identity that the query selects, or the answer that says why there is none. */
export function selectIdentity(
  query: URLSearchParams,
  directory: IdentityDirectory,
  selectors: readonly Selector[],
): { identity: DirectoryEntry } | { refusal: Answer } {
  const given = selectors.filter((selector) => query.has(selector));
  const [selector] = given;
  if (given.length > 1) return { refusal: invalidRequest('Only one identity selector may be given') };
  const identity =
    selector === undefined ? directory.systemAssigned : directory.find(selector, query.get(selector) ?? '');
  return identity ? { identity } : { refusal: invalidRequest('Identity not found') };
}
