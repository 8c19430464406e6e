import {
  createAuthorizationHeader,
  type MtlsPopAuthenticationResult,
  type MtlsPopRequestParams,
} from '../public-types.js';
import type { HostCheck } from './allowed-hosts.js';
import { parseClaimsChallenge } from './claims-challenge.js';
import { isIdempotent, parseFetchRequest, type FetchRequest } from '../fetch/fetch-request.js';
import { headersForToken } from './host-profiles.js';
import {
  CALL_SURROUNDINGS,
  REPLACE_BINDING,
  REPLACEMENT,
  type BindingReplacer,
  type CallMembers,
  type CallSurroundings,
} from './application-members.js';
import { isReplayable } from '../fetch/request-body.js';
import { bindingRefusalOf, reportBindingRefusal } from './refused-binding.js';
import { systemClock } from '../time/clock.js';

/** Usually a ManagedIdentityApplication. */
export interface BoundTokenSource {
  acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult>;
}

/** Validated options. */
export interface CallerOptions {
  readonly tokenRequest: MtlsPopRequestParams;
  readonly checkHost: HostCheck;
  readonly headers: Headers;
}

/** One call of `fetch`, and what its tokens are asked for with. */
interface Call {
  readonly request: FetchRequest;
  readonly tokenRequest: MtlsPopRequestParams & Required<CallMembers>;
}

interface Answered {
  readonly result: MtlsPopAuthenticationResult;
  readonly response: Response;
}

/** Before a request is repeated whose binding the resource does not know yet. */
const PAUSES_MS = [800, 1_600, 3_200] as const;

/** Sends requests with bound tokens over the certificates they are bound to. Loaded with the first request. */
export class BoundCaller {
  readonly #app: BoundTokenSource;
  readonly #options: CallerOptions;
  /** The certificate that took the place of a refused one: when it is refused as well, it is not the certificate. */
  #replacementX5tS256: string | undefined;

  constructor(app: BoundTokenSource, options: CallerOptions) {
    this.#app = app;
    this.#options = options;
  }

  async fetch(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    const request = await parseFetchRequest(input, init);
    this.#options.checkHost(request.url);

    const call: Call = { request, tokenRequest: this.#tokenRequest(request) };
    const result = await this.#app.acquireToken(call.tokenRequest);
    const answered = await this.#untilBindingIsKnown(call, await this.#sendOverGoodBinding(call, result));
    const { response } = answered;
    const claims = response.status === 401 ? parseClaimsChallenge(response.headers) : undefined;
    return claims === undefined ? response : this.#answerChallenge(call, answered, claims);
  }

  /**
   * The certificate may have been revoked since it was issued: then the handshake fails, and it is replaced, unless one
   * was in this call.
   */
  async #sendOverGoodBinding({ request, tokenRequest }: Call, result: MtlsPopAuthenticationResult): Promise<Answered> {
    const replacement = tokenRequest[REPLACEMENT];
    const { x5tS256 } = result.bindingCertificate;
    try {
      return { result, response: await this.#send(request, result) };
    } catch (error) {
      if (!isCertificateRefused(error) || !isRepeatable(request)) throw error;
      if (replacement.isUsed || x5tS256 === this.#replacementX5tS256 || !canReplaceBindings(this.#app)) throw error;
    }
    replacement.isUsed = true;
    const replaced = await this.#app[REPLACE_BINDING](tokenRequest, result.binding);
    this.#replacementX5tS256 = replaced.bindingCertificate.x5tS256;
    return { result: replaced, response: await this.#send(request, replaced) };
  }

  /**
   * Key Vault may answer for a while that it cannot match the certificate with the token (D30). Requests that may be
   * repeated are; then the answer is the caller's, and those who watch are told.
   */
  async #untilBindingIsKnown({ request }: Call, first: Answered): Promise<Answered> {
    const { clock = systemClock, log } = surroundingsOf(this.#app) ?? {};
    const mayRepeat = isIdempotent(request.method) && isRepeatable(request);
    let answered = first;
    for (let repeated = 0; ; repeated += 1) {
      const refusal = await bindingRefusalOf(answered.response);
      if (refusal === undefined) return answered;
      const pauseMs = PAUSES_MS[repeated];
      if (refusal !== 'mismatch' || !mayRepeat || pauseMs === undefined) {
        const { x5tS256 } = answered.result.bindingCertificate;
        reportBindingRefusal(refusal, { host: request.url.host, x5tS256, log });
        return answered;
      }
      await answered.response.body?.cancel();
      await clock.sleep(pauseMs, request.signal);
      answered = { ...answered, response: await this.#send(request, answered.result) };
    }
  }

  /** Once: a challenge that comes in return is the answer. */
  async #answerChallenge(call: Call, refused: Answered, claims: string): Promise<Response> {
    const tokenRequest = { ...call.tokenRequest, claims };
    const acquiring = this.#app.acquireToken(tokenRequest);
    if (!isRepeatable(call.request)) {
      // The token with the claims is kept by the application, so the caller's own next attempt finds it.
      await acquiring.catch(() => undefined);
      return refused.response;
    }
    const result = await acquiring;
    if (result.accessToken === refused.result.accessToken) return refused.response;
    await refused.response.body?.cancel();
    const { response } = await this.#sendOverGoodBinding({ ...call, tokenRequest }, result);
    return response;
  }

  #tokenRequest({ signal }: FetchRequest): Call['tokenRequest'] {
    return {
      ...this.#options.tokenRequest,
      ...(signal !== undefined && { signal }),
      [REPLACEMENT]: { isUsed: false },
    };
  }

  #send(request: FetchRequest, result: MtlsPopAuthenticationResult): Promise<Response> {
    const { url, method, redirect, signal, body } = request;
    const headers = new Headers(this.#options.headers);
    for (const [name, value] of Object.entries(headersForToken(url.hostname, this.#options.tokenRequest.resource)))
      headers.set(name, value);
    for (const [name, value] of request.headers) headers.set(name, value);
    headers.set('authorization', createAuthorizationHeader(result));
    return result.binding.fetch(url, {
      method,
      headers,
      redirect,
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body: body.source as Blob, duplex: 'half' }),
    });
  }
}

function isCertificateRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'failure' in cause && cause.failure === 'client_certificate_rejected';
}

function isRepeatable(request: FetchRequest): boolean {
  return request.body === undefined || isReplayable(request.body);
}

function surroundingsOf(app: BoundTokenSource): CallSurroundings | undefined {
  const lend = (app as { [CALL_SURROUNDINGS]?: () => CallSurroundings | undefined })[CALL_SURROUNDINGS];
  return typeof lend === 'function' ? lend.call(app) : undefined;
}

function canReplaceBindings(app: BoundTokenSource): app is BoundTokenSource & BindingReplacer {
  return REPLACE_BINDING in app;
}
