import type { Answer } from '../http/exchange.js';

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
