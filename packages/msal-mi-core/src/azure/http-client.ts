import type { HttpClient, PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { MsiV2Error } from '../errors.js';
import type { TokenApplication } from '../mtls-fetch/token-application.js';
import { BoundSender } from './bound-sender.js';
import { holdsStandIn, type BoundTokens } from './bound-tokens.js';
import { fromLegacyRequest, toLegacyResponse } from './legacy-shape.js';
import { refuseIgnoredOptions, refuseTokenElsewhere } from './request-checks.js';
import { createUnboundClient } from './unbound-client.js';
import { clientNotSupported } from './unsupported-client.js';

/** The transport behind MtlsManagedIdentityCredential. */
export function createBoundHttpClient(application: TokenApplication, tokens: BoundTokens): HttpClient {
  const unbound = createUnboundClient(application);
  const bound = new BoundSender(tokens);
  const send = (request: PipelineRequest, original: PipelineRequest): Promise<PipelineResponse> => {
    // As it came: what the older shape carries over is less than this looks at.
    refuseIgnoredOptions(original);
    refuseTokenElsewhere(request);
    const authorization = request.headers.get('authorization');
    if (authorization === undefined) return unbound.sendRequest(request);
    const token = tokens.find(tokenOf(authorization));
    if (token === undefined) throw unknownToken(authorization);
    return bound.send(request, original, token);
  };
  return {
    sendRequest: async (original) => toLegacyResponse(await send(fromLegacyRequest(original), original), original),
  };
}

/** `Bearer` is what the SDK writes today; the others are what it may write once it knows of bound tokens. */
function tokenOf(authorization: string): string {
  return /^(?:Bearer|PoP|mtls_pop) +(\S+)$/i.exec(authorization)?.[1] ?? '';
}

function unknownToken(authorization: string): MsiV2Error {
  // As Cosmos DB's client does.
  const isSigned = /^type(?:=|%3D)/i.test(authorization) && holdsStandIn(authorization);
  return isSigned
    ? clientNotSupported('The client writes the token into a form of its own, which the resource cannot check')
    : new MsiV2Error('token_not_bound', { stage: 'resource' });
}
