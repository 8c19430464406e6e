import { createAuthorizationHeader, type MtlsPopAuthenticationResult, type MtlsPopRequestParams } from '../types.js';
import type { HostCheck } from './allowed-hosts.js';
import { parseClaimsChallenge } from './claims-challenge.js';
import { parseFetchRequest, type FetchRequest } from './fetch-request.js';
import { headersForToken } from './host-profiles.js';
import { REPLACE_BINDING, type BindingReplacer } from './application-members.js';
import { isReplayable } from './request-body.js';

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

    const { result, response } = await this.#sendOverGoodBinding(request);
    const claims = response.status === 401 ? parseClaimsChallenge(response.headers) : undefined;
    if (claims === undefined) return response;
    return this.#answerChallenge(request, result, response, claims);
  }

  /** The certificate may have been revoked since it was issued: then the handshake fails, and it is replaced once. */
  async #sendOverGoodBinding(
    request: FetchRequest,
  ): Promise<{ result: MtlsPopAuthenticationResult; response: Response }> {
    const result = await this.#app.acquireToken(this.#tokenRequest(request));
    const { x5tS256 } = result.bindingCertificate;
    try {
      return { result, response: await this.#send(request, result) };
    } catch (error) {
      if (!isCertificateRefused(error) || !isRepeatable(request)) throw error;
      if (x5tS256 === this.#replacementX5tS256 || !canReplaceBindings(this.#app)) throw error;
    }
    const replaced = await this.#app[REPLACE_BINDING](this.#tokenRequest(request), result.binding);
    this.#replacementX5tS256 = replaced.bindingCertificate.x5tS256;
    return { result: replaced, response: await this.#send(request, replaced) };
  }

  async #answerChallenge(
    request: FetchRequest,
    refused: MtlsPopAuthenticationResult,
    response: Response,
    claims: string,
  ): Promise<Response> {
    const acquiring = this.#app.acquireToken({ ...this.#tokenRequest(request), claims });
    if (!isRepeatable(request)) {
      // The token with the claims is kept by the application, so the caller's own next attempt finds it.
      await acquiring.catch(() => undefined);
      return response;
    }
    const result = await acquiring;
    if (result.accessToken === refused.accessToken) return response;
    await response.body?.cancel();
    return this.#send(request, result);
  }

  #tokenRequest({ signal }: FetchRequest): MtlsPopRequestParams {
    return { ...this.#options.tokenRequest, ...(signal !== undefined && { signal }) };
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

function canReplaceBindings(app: BoundTokenSource): app is BoundTokenSource & BindingReplacer {
  return REPLACE_BINDING in app;
}
