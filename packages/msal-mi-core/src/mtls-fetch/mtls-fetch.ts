import { isAnyArrayBuffer } from 'node:util/types';
import { invalidRequest, isResource, parseFlag, parseOptions, parseNamedStrength } from '../options/options.js';
import { ManagedIdentityError } from '../errors.js';
import type { MtlsBindingStrength, MtlsPopAuthenticationResult, MtlsPopRequestParams } from '../public-types.js';
import { readFetchInit, type FetchInit } from '../fetch/fetch-init.js';
import { HeaderList } from '../fetch/header-list.js';
import { createHostCheck } from './allowed-hosts.js';
import type { BoundCaller, CallerOptions } from './bound-caller.js';
import { isClient, optionsOfAssertion, boundApplicationOf } from './token-application.js';

/** Options of {@link createMtlsFetch}. Unknown members are refused. */
export interface MtlsFetchOptions {
  /** Application ID URI of the API to call, e.g. `https://vault.azure.net`. */
  resource: string;
  /** As for `acquireToken`. Default: false. For a BoundConfidentialClient an option of its assertion. */
  withAttestationSupport?: boolean;
  /** As for `acquireToken`. Default: `KeyGuard`. For a BoundConfidentialClient an option of its assertion. */
  minStrength?: MtlsBindingStrength;
  /**
   * Hosts that may receive the token: names (`contoso.vault.azure.net`), everything below a name
   * (`*.vault.azure.net`), either on port 443 unless it ends with `:port`, or regular expressions for the whole name
   * (`/.*\.vault\.azure\.net/`), on every port. Default: the host of `resource`, everything below it when it has at
   * least three labels, on the same port, and for `https://storage.azure.com` the domains of the storage services.
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
 * @param app - A ManagedIdentityApplication, or a BoundConfidentialClient for calls as an application.
 * @param options - What the tokens are for, and who may receive them.
 * @returns A function that rejects as `binding.fetch` does; with MsiV2Error `host_not_allowed` for hosts that may not
 *   receive the token, before one is acquired; and with whatever `acquireToken` rejects with.
 * @throws ManagedIdentityError `invalid_request` for options that are unknown or of the wrong type, and for an `app` that
 *   acquires no tokens.
 *
 * @example
 * ```ts
 * import { ManagedIdentityApplication, createMtlsFetch } from 'msal-mi-core';
 *
 * const vaultFetch = createMtlsFetch(new ManagedIdentityApplication(), { resource: 'https://vault.azure.net' });
 * const response = await vaultFetch('https://contoso.vault.azure.net/secrets/db?api-version=7.5');
 * ```
 */
export function createMtlsFetch(
  app:
    | { acquireToken(request: MtlsPopRequestParams): Promise<MtlsPopAuthenticationResult> }
    | {
        acquireTokenByClientCredential(request: {
          scopes: string[];
          mtlsProofOfPossession: true;
          claims?: string;
          signal?: AbortSignal;
        }): Promise<MtlsPopAuthenticationResult>;
      },
  options: MtlsFetchOptions,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const application = boundApplicationOf('createMtlsFetch', app);
  const parsed = parseFetchOptions(options);
  if (isClient(app)) refuseOfAssertion(options);
  let caller: BoundCaller | undefined;
  const load = async (): Promise<BoundCaller> => {
    const { BoundCaller } = await import('./bound-caller.js');
    return (caller ??= new BoundCaller(application, parsed));
  };
  const first = async (input: string | URL | Request, init: RequestInit | undefined): Promise<Response> => {
    const kept = keepInit(init);
    const url = keepUrl(input);
    return (await load()).fetch(url, kept as RequestInit);
  };
  return (input, init) => caller?.fetch(input, init) ?? first(input, init);
}

/** What the caller does to its objects after the call does not matter, also while something is still loading. */
function keepInit(init: RequestInit | undefined): FetchInit {
  const members = readFetchInit(init);
  return { ...members, body: keepBytes(members.body), headers: keepHeaders(members.headers) };
}

function keepUrl(input: string | URL | Request): string | URL | Request {
  try {
    return input instanceof URL ? new URL(input) : input;
  } catch {
    return input; // Refused where all of the arguments are judged.
  }
}

function keepBytes(body: unknown): unknown {
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  if (isAnyArrayBuffer(body)) return new Uint8Array(body).slice();
  if (!ArrayBuffer.isView(body)) return body;
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
}

function keepHeaders(headers: unknown): unknown {
  try {
    return headers === undefined ? undefined : HeaderList.from(headers);
  } catch {
    return headers; // Refused where all of the arguments are judged.
  }
}

function refuseOfAssertion({ withAttestationSupport, minStrength }: MtlsFetchOptions): void {
  if (withAttestationSupport !== undefined || minStrength !== undefined) throw optionsOfAssertion();
}

function parseFetchOptions(options: unknown): CallerOptions {
  const parsed = parseOptions('createMtlsFetch', options, OPTION_NAMES);
  const { resource, withAttestationSupport, minStrength, allowedHosts, headers } = parsed;
  if (typeof resource !== 'string' || !isResource(resource.trim())) {
    throw new ManagedIdentityError('invalid_resource');
  }
  return {
    tokenRequest: {
      resource,
      withAttestationSupport: parseFlag('withAttestationSupport', withAttestationSupport),
      minStrength: parseNamedStrength(minStrength),
    },
    checkHost: createHostCheck(resource.trim(), allowedHosts),
    headers: parseHeaders(headers),
  };
}

function parseHeaders(value: unknown): HeaderList {
  let headers: HeaderList;
  try {
    headers = HeaderList.from(value);
  } catch {
    throw invalidRequest('headers must be an object with valid names and values.');
  }
  if (headers.has('authorization'))
    throw invalidRequest('headers cannot hold Authorization: it is set for each request.');
  return headers;
}
