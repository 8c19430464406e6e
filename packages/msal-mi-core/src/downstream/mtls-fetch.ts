import { ManagedIdentityError } from '../errors.js';
import type {
  AuthenticationResult,
  MtlsBindingStrength,
  MtlsPopAuthenticationResult,
  MtlsPopRequestParams,
} from '../types.js';
import { createHostCheck, type HostCheck } from './allowed-hosts.js';
import { parseClaimsChallenge } from './claims-challenge.js';
import type { FetchRequest } from './fetch-request.js';
import { headersForToken } from './host-profiles.js';
import { REPLACE_BINDING, type BindingReplacer } from './replace-binding.js';

/** Options of {@link createMtlsFetch}. Unknown members are refused. */
export interface MtlsFetchOptions {
  /** Application ID URI of the API to call, e.g. `https://vault.azure.net`. */
  resource: string;
  /** As for `acquireToken`. Default: false. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. */
  minStrength?: MtlsBindingStrength;
  /**
   * Hosts that may receive the token: names (`contoso.vault.azure.net`), everything below a name
   * (`*.vault.azure.net`), either with `:port`, or regular expressions for the whole name. Default: the host of
   * `resource`, everything below it when it has at least three labels, on the same port, and for
   * `https://storage.azure.com` the domains of the storage services.
   */
  allowedHosts?: ReadonlyArray<string | RegExp>;
  /** Sent with every request that does not set them itself. `Authorization` is not possible. Default: none. */
  headers?: Record<string, string>;
}

const OPTION_NAMES = new Set(['resource', 'withAttestationSupport', 'minStrength', 'allowedHosts', 'headers']);

/**
 * A drop-in `fetch` that authenticates with certificate-bound tokens: it acquires the token, presents the certificate
 * the token is bound to, and adds what the host wants besides (`x-ms-tokenboundauth` for Key Vault and Managed HSM).
 * An `Authorization` header of the caller is replaced.
 *
 * A 401 answer with a claims challenge is answered once, with a token that has the claims, over the certificate of that
 * token. A certificate that the server refuses in the TLS handshake is replaced once. In both cases only a body that
 * can be sent again is (no stream); otherwise the answer or the failure is the caller's.
 *
 * @param app - Usually a ManagedIdentityApplication.
 * @returns A function that rejects as `binding.fetch` does; with MsiV2Error `host_not_allowed` for hosts that may not
 *   receive the token, before one is acquired; and with whatever `acquireToken` rejects with.
 * @throws ManagedIdentityError `invalid_request` for options that are unknown or of the wrong type.
 */
export function createMtlsFetch(
  app: { acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult> },
  options: MtlsFetchOptions,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const caller = new BoundCaller(app, parseOptions(options));
  return (input, init) => caller.fetch(input, init);
}

type BoundTokenSource = Parameters<typeof createMtlsFetch>[0];

interface ParsedOptions {
  readonly tokenRequest: MtlsPopRequestParams;
  readonly checkHost: HostCheck;
  readonly headers: Headers;
}

class BoundCaller {
  readonly #app: BoundTokenSource;
  readonly #options: ParsedOptions;
  /** The certificate that took the place of a refused one: when it is refused as well, it is not the certificate. */
  #replacementX5tS256: string | undefined;

  constructor(app: BoundTokenSource, options: ParsedOptions) {
    this.#app = app;
    this.#options = options;
  }

  async fetch(input: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    // Loaded with the first request: an application that only acquires tokens never pays for it.
    const { parseFetchRequest } = await import('./fetch-request.js');
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
      if (!isCertificateRefused(error) || !(await isRepeatable(request))) throw error;
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
    if (!(await isRepeatable(request))) {
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
    headers.set('authorization', authorizationOf(result));
    return result.binding.fetch(url, {
      method,
      headers,
      redirect,
      ...(signal !== undefined && { signal }),
      ...(body !== undefined && { body: body.source as Blob, duplex: 'half' }),
    });
  }
}

function authorizationOf({ tokenType, accessToken }: AuthenticationResult): string {
  return `${tokenType} ${accessToken}`;
}

function isCertificateRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'failure' in cause && cause.failure === 'client_certificate_rejected';
}

async function isRepeatable(request: FetchRequest): Promise<boolean> {
  const { isReplayable } = await import('./request-body.js');
  return request.body === undefined || isReplayable(request.body);
}

function canReplaceBindings(app: BoundTokenSource): app is BoundTokenSource & BindingReplacer {
  return REPLACE_BINDING in app;
}

function parseOptions(options: unknown): ParsedOptions {
  if (typeof options !== 'object' || options === null) throw invalid('createMtlsFetch needs options with a resource.');
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) throw invalid(`The option ${JSON.stringify(name)} is unknown.`);
  }
  const { resource, withAttestationSupport, minStrength, allowedHosts, headers } = options as Record<string, unknown>;
  if (typeof resource !== 'string' || resource.trim() === '') {
    throw new ManagedIdentityError('invalid_resource');
  }
  if (withAttestationSupport !== undefined && typeof withAttestationSupport !== 'boolean') {
    throw invalid('withAttestationSupport must be true or false.');
  }
  if (minStrength !== undefined && typeof minStrength !== 'number') {
    throw invalid('minStrength must be a member of MtlsBindingStrength.');
  }
  return {
    tokenRequest: {
      resource,
      mtlsProofOfPossession: true,
      ...(withAttestationSupport !== undefined && { withAttestationSupport }),
      ...(minStrength !== undefined && { minStrength: minStrength as MtlsBindingStrength }),
    },
    checkHost: createHostCheck(resource.trim(), allowedHosts),
    headers: parseHeaders(headers),
  };
}

function parseHeaders(value: unknown): Headers {
  let headers: Headers;
  try {
    headers = new Headers(value as Record<string, string> | undefined);
  } catch {
    throw invalid('headers must be an object with valid names and values.');
  }
  if (headers.has('authorization')) throw invalid('headers cannot hold Authorization: it is set for each request.');
  return headers;
}

function invalid(message: string): ManagedIdentityError {
  return new ManagedIdentityError('invalid_request', { message });
}
