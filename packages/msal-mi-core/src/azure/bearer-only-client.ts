import type { HttpClient } from '@azure/core-rest-pipeline';
import { type ManagedIdentityError } from '../errors.js';
import { invalidRequest } from '../options/options.js';

/** In the place of a transport, for credentials whose tokens go with the transport of their client. Sends nothing. */
export const BEARER_ONLY_CLIENT: HttpClient = Object.freeze({ sendRequest: () => Promise.reject(noTransport()) });

export function noTransport(): ManagedIdentityError {
  return invalidRequest(
    'A credential with requestOverMtls gives bearer tokens, which its client sends over its own transport: leave ' +
      'withMtlsPop, httpClient and policy of the credential out.',
  );
}
