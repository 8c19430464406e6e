import {
  createDefaultHttpClient,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { headersForToken } from '../mtls-fetch/host-profiles.js';
import { TRUSTED_AUTHORITIES } from '../mtls-fetch/application-members.js';
import { MsiV2Error } from '../errors.js';
import type { ManagedIdentityApplication } from '../index.js';
import type { BoundToken, BoundTokens } from './bound-tokens.js';
import { followAbort } from './follow-abort.js';
import { fromLegacyRequest, toLegacyResponse } from './legacy-shape.js';
import { toFetchBody } from './request-body.js';
import { toPipelineResponse } from './response.js';

/** The transport behind MtlsManagedIdentityCredential. */
export function createBoundHttpClient(application: ManagedIdentityApplication, tokens: BoundTokens): HttpClient {
  const unbound = createDefaultHttpClient();
  let trusting: Promise<PipelineRequest['tlsSettings']> | undefined;
  const sendUnbound = async (request: PipelineRequest): Promise<PipelineResponse> => {
    if (request.tlsSettings !== undefined) return unbound.sendRequest(request);
    trusting ??= tlsSettingsOf(application);
    const tlsSettings = await trusting;
    if (tlsSettings === undefined) return unbound.sendRequest(request);
    request.tlsSettings = tlsSettings;
    try {
      return await unbound.sendRequest(request);
    } finally {
      // The SDK sends the same object again, then with a token.
      delete request.tlsSettings;
    }
  };
  const send = (request: PipelineRequest): Promise<PipelineResponse> => {
    const authorization = request.headers.get('authorization');
    if (authorization === undefined) return sendUnbound(request);
    const token = tokenOf(authorization);
    const bound = tokens.find(token);
    if (bound === undefined) throw new MsiV2Error('token_not_bound', { stage: 'resource' });
    return sendBound(request, token, bound, tokens);
  };
  return {
    sendRequest: async (request) => toLegacyResponse(await send(fromLegacyRequest(request)), request),
  };
}

/** Undefined where the defaults of the process are trusted. */
async function tlsSettingsOf(application: ManagedIdentityApplication): Promise<PipelineRequest['tlsSettings']> {
  const ca = await application[TRUSTED_AUTHORITIES]();
  return ca && { ca: [...ca] };
}

/** `Bearer` is what the SDK writes today; the others are what it may write once it knows of bound tokens. */
function tokenOf(authorization: string): string {
  return /^(?:Bearer|PoP|mtls_pop) +(\S+)$/i.exec(authorization)?.[1] ?? '';
}

async function sendBound(
  request: PipelineRequest,
  token: string,
  bound: BoundToken,
  tokens: BoundTokens,
): Promise<PipelineResponse> {
  if (request.tlsSettings !== undefined) {
    throw new MsiV2Error('invalid_configuration', {
      stage: 'resource',
      message: 'tlsOptions cannot be combined with a certificate-bound token.',
      remediation: 'Leave tlsOptions out; certificate authorities go into system.ca of the credential.',
    });
  }
  const { result } = bound;
  const url = new URL(request.url);
  const headers = new Headers(headersForToken(url.hostname, bound.request.resource));
  for (const [name, value] of request.headers) headers.set(name, value);
  headers.set('authorization', `${result.tokenType} ${result.accessToken}`);
  // As the SDK's own transport: content is decoded when the pipeline asked for a coding, and else left alone.
  const decode = /gzip|deflate/.test(headers.get('accept-encoding') ?? '');
  if (decode) headers.delete('accept-encoding');
  else if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');

  const body = toFetchBody(request, headers);

  const abort = followAbort(request.abortSignal, request.timeout);
  try {
    const response = await result.binding.fetch(url, {
      method: request.method,
      headers,
      redirect: 'manual',
      signal: abort.signal,
      ...body,
    });
    return await toPipelineResponse(request, response, abort);
  } catch (error) {
    abort.release();
    throw await toSdkError(error, () => tokens.replace(token, bound));
  }
}

/** The SDK's retry policies know RestError only, and go by Node's codes. */
async function toSdkError(error: unknown, replaceBinding: () => Promise<boolean>): Promise<unknown> {
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) return error;
  const { cause } = error as { cause: Error & { code?: unknown; failure?: unknown } };
  const isReplaced = cause.failure === 'client_certificate_rejected' && (await replaceBinding());
  const code = isReplaced ? 'ECONNRESET' : typeof cause.code === 'string' ? cause.code : RestError.REQUEST_SEND_ERROR;
  return Object.assign(new RestError(cause.message, { code }), { cause });
}
