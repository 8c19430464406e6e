/** One call of an API with a token of an acquirer: over its certificate when it is bound, else with plain `fetch`. */
import { parseClaimsChallenge } from '../mtls-fetch/claims-challenge.js';
import { createMtlsFetch } from '../mtls-fetch/mtls-fetch.js';
import { assertBound } from '../mtls-fetch/token-application.js';
import {
  REPLACE_BINDING,
  REPLACEMENT,
  REPLACEMENT_ACCEPTED,
  type BindingReplacer,
  type CallMembers,
} from '../mtls-fetch/application-members.js';
import { createAuthorizationHeader } from '../result.js';
import type { MtlsPopRequestParams } from '../public-types.js';
import type { ApiOptions } from './api-options.js';
import type { TokenDemand, TokenAcquirer } from './token-acquirer.js';

/** A function that can stand in for `fetch`. */
export type ApiFetch = (url: URL, init: RequestInit) => Promise<Response>;

/** For bound tokens: every rule about hosts, challenges and refused certificates is that of `createMtlsFetch`. */
export function createBoundFetch(acquirer: TokenAcquirer, { url, token: { resource } }: ApiOptions): ApiFetch {
  const application: Parameters<typeof createMtlsFetch>[0] & BindingReplacer = {
    acquireToken: async (request) => assertBound(await acquirer.acquire(demandOf(request))),
    [REPLACE_BINDING]: (request, refused) => acquirer.replace(demandOf(request), refused),
    [REPLACEMENT_ACCEPTED]: (refused, accepted) => acquirer.accept?.(refused, accepted),
  };
  return createMtlsFetch(application, { resource, allowedHosts: [url.host] });
}

/** For bearer tokens. A claims challenge is answered once, when the body can be sent again. */
export function createBearerFetch(acquirer: TokenAcquirer): ApiFetch {
  return async (url, init) => {
    const signal = init.signal ?? undefined;
    const send = async (demand: TokenDemand) => {
      const result = await acquirer.acquire({ ...demand, ...(signal !== undefined && { signal }) });
      const headers = new Headers(init.headers);
      headers.set('authorization', createAuthorizationHeader(result));
      return fetch(url, { ...init, headers });
    };
    const response = await send({});
    const claims = response.status === 401 ? parseClaimsChallenge(response.headers) : undefined;
    if (claims === undefined || !isRepeatable(init.body)) return response;
    await response.body?.cancel();
    return send({ claims });
  };
}

function demandOf({ claims, signal, [REPLACEMENT]: replacement }: MtlsPopRequestParams & CallMembers): TokenDemand {
  return {
    ...(claims !== undefined && { claims }),
    ...(signal !== undefined && { signal }),
    ...(replacement !== undefined && { [REPLACEMENT]: replacement }),
  };
}

/** Streams and iterators are used up by the first attempt. */
function isRepeatable(body: RequestInit['body']): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in body);
}
