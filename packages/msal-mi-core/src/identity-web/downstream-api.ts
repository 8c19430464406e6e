import { assertBound } from '../mtls-fetch/token-application.js';
import { invalidConfiguration, readable, readMembers } from '../options/options.js';
import { createAuthorizationHeader } from '../result.js';
import type { ManagedIdentityApplication } from '../client.js';
import type { Surroundings } from '../composition.js';
import type { ManagedIdentityConfiguration } from '../public-types.js';
import { parseApiOptions, type ApiOptions } from './api-options.js';
import { createBearerFetch, createBoundFetch, type ApiFetch } from './call-api.js';
import { Section } from './section.js';
import { TokenAcquirers } from './token-acquirer.js';
import type { DownstreamApi, DownstreamApiConfiguration } from './types.js';

/** Options of {@link createDownstreamApi}. */
export interface CreateDownstreamApiOptions {
  /** As for ManagedIdentityApplication: for every application that the configuration calls for. */
  system?: ManagedIdentityConfiguration['system'];
  /** Used in place of every managed identity that the configuration names. */
  application?: ManagedIdentityApplication;
}

const OPTION_NAMES = new Set(['system', 'application']);
const MAX_KEPT = 100;

/**
 * Calls APIs from one block of JSON: the `appsettings.json` that Identity Web takes. With `ProtocolScheme: "MTLS_POP"` the
 * token is bound, to the certificate of the managed identity that `AcquireTokenOptions` names, or of the one that is the
 * application's credential.
 *
 * Nothing is acquired before the first call. The section of an API is checked when it is called.
 *
 * @param configuration - One section for each API, and `AzureAd` for calls as an application.
 * @param options - Both members are optional.
 * @throws ManagedIdentityError `invalid_configuration` when the configuration is not an object, or has names that differ in
 *   case only, and for an `application` that is not one.
 *
 * @example
 * ```ts
 * import { createDownstreamApi } from 'msal-mi-core/downstream-api';
 *
 * const api = createDownstreamApi({
 *   Vault: {
 *     BaseUrl: 'https://contoso.vault.azure.net/',
 *     Scopes: ['https://vault.azure.net/.default'],
 *     ProtocolScheme: 'MTLS_POP',
 *     AcquireTokenOptions: { ManagedIdentity: {} },
 *   },
 * });
 * const response = await api.callApiForApp('Vault', { RelativePath: 'secrets/db?api-version=7.5' });
 * ```
 */
export function createDownstreamApi(
  configuration: DownstreamApiConfiguration,
  options: CreateDownstreamApiOptions = {},
): DownstreamApi {
  return composeDownstreamApi(configuration, options, undefined);
}

/**
 * As {@link createDownstreamApi}, with applications that work in other surroundings than those of the process.
 *
 * @internal
 */
export function composeDownstreamApi(
  configuration: DownstreamApiConfiguration,
  options: CreateDownstreamApiOptions,
  surroundings: Surroundings | undefined,
): DownstreamApi {
  const { system, application } = readMembers(
    Object(options) as object,
    OPTION_NAMES,
    invalidConfiguration,
  ) as CreateDownstreamApiOptions;
  const canAcquire = readable(
    invalidConfiguration,
    () => application === undefined || typeof (application as { acquireToken?: unknown }).acquireToken === 'function',
  );
  if (!canAcquire) {
    throw invalidConfiguration('application must be a ManagedIdentityApplication; a client is described by AzureAd.');
  }
  const { root, azureAd } = readable(invalidConfiguration, () => {
    const whole = new Section('', configuration);
    return { root: whole, azureAd: whole.section('AzureAd') };
  });
  const acquirers = new TokenAcquirers({ azureAd, system, application, surroundings });
  const fetches = new Map<string, ApiFetch>();

  /** The same function for equal calls: it remembers which certificate took the place of a refused one. */
  const fetchOf = (api: ApiOptions): ApiFetch => {
    const { url, token } = api;
    const acquirer = acquirers.acquirerOf(token);
    const key = JSON.stringify([url.host, token]);
    let found = fetches.get(key);
    if (found === undefined) {
      if (fetches.size >= MAX_KEPT) fetches.clear();
      found = token.isBound ? createBoundFetch(acquirer, api) : createBearerFetch(acquirer);
      fetches.set(key, found);
    }
    return found;
  };

  return {
    async callApiForApp(apiName, overrides = {}) {
      const { body, headers, signal, ...ofApi } = readable(invalidConfiguration, () => ({ ...overrides }));
      const api = readable(invalidConfiguration, () => parseApiOptions(apiName, layersOf(root, apiName, ofApi)));
      return fetchOf(api)(api.url, {
        method: api.method,
        headers: headersOf(api, headers, body),
        ...(body !== undefined && { body, duplex: 'half' }),
        ...(signal !== undefined && { signal }),
      });
    },
    async createAuthorizationHeaderForApp(apiName, overrides = {}) {
      const { token } = readable(invalidConfiguration, () =>
        parseApiOptions(apiName, layersOf(root, apiName, overrides)),
      );
      const result = await acquirers.acquirerOf(token).acquire({});
      return createAuthorizationHeader(token.isBound ? assertBound(result) : result);
    },
  };
}

function layersOf(root: Section, apiName: string, overrides: object): Section[] {
  if (typeof (apiName as unknown) !== 'string') throw invalidConfiguration('The name of an API must be a string.');
  const section = apiName
    .split(':')
    .reduce<Section | undefined>((found, name) => (name === '' ? undefined : found?.section(name)), root);
  if (section === undefined) {
    throw invalidConfiguration(`The configuration has no section ${JSON.stringify(apiName)}.`);
  }
  return [section, new Section(apiName, overrides)];
}

function headersOf(api: ApiOptions, own: Record<string, string> | undefined, body: unknown): Headers {
  const headers = new Headers();
  try {
    for (const [name, value] of api.headers) headers.set(name, value);
    if (body !== undefined && api.contentType !== undefined) headers.set('content-type', api.contentType);
    for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
  } catch {
    throw invalidConfiguration('Headers must have valid names and values.');
  }
  return headers;
}
