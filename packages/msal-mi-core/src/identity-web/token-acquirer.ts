/** Who acquires the token of a call: the managed identity itself, or an application whose credential it is. */
import { ManagedIdentityApplication } from '../client.js';
import type { Surroundings } from '../composition.js';
import { REPLACE_BINDING, REPLACEMENT_ACCEPTED, type CallMembers } from '../mtls-fetch/application-members.js';
import { MsiV2Error } from '../errors.js';
import { BoundConfidentialClient } from '../fic/bound-confidential-client.js';
import { createManagedIdentityAssertion } from '../fic/managed-identity-assertion.js';
import { systemClock } from '../time/clock.js';
import type {
  AuthenticationResult,
  ManagedIdentityConfiguration,
  MtlsBindingContext,
  MtlsPopAuthenticationResult,
} from '../public-types.js';
import type { TokenOptions } from './api-options.js';
import { parseApplicationSettings, type ApplicationSettings } from './application-settings.js';
import { createBearerClient } from './bearer-client.js';
import type { Section } from './section.js';

/** What a token is acquired for. */
export interface TokenDemand extends CallMembers {
  readonly claims?: string;
  readonly signal?: AbortSignal;
}

/** Acquires the tokens of one kind of call. */
export interface TokenAcquirer {
  acquire(demand: TokenDemand): Promise<AuthenticationResult>;
  /** A bound token under another certificate than that of `refused`, which the API refused in the TLS handshake. */
  replace(demand: TokenDemand, refused: MtlsBindingContext): Promise<MtlsPopAuthenticationResult>;
  /** The API accepted the other certificate. */
  accept?(refused: MtlsBindingContext, accepted: MtlsBindingContext): void;
}

/** Where tokens come from: the section `AzureAd`, and what the caller of `createDownstreamApi` passed. */
export interface AcquirerOptions {
  readonly azureAd: Section | undefined;
  readonly system: ManagedIdentityConfiguration['system'];
  readonly application: ManagedIdentityApplication | undefined;
  readonly surroundings: Surroundings | undefined;
}

/** Makes them, and keeps the applications behind them. */
export class TokenAcquirers {
  readonly #options: AcquirerOptions;
  readonly #kept = new Map<string, unknown>();

  constructor(options: AcquirerOptions) {
    this.#options = options;
  }

  /**
   * @throws MsiV2Error `app_token_required` when a token over mutual TLS is asked for on behalf of a user, and what
   *   `parseApplicationSettings` throws.
   */
  acquirerOf(options: TokenOptions): TokenAcquirer {
    const { isBound, isBearerOverMtls, managedIdentity, requestAppToken } = options;
    const needsCertificate = isBound || isBearerOverMtls;
    if (needsCertificate && !requestAppToken && managedIdentity === undefined)
      throw new MsiV2Error('app_token_required');
    if (managedIdentity !== undefined) return this.#identityAcquirer(managedIdentity.clientId, options);
    const settings = parseApplicationSettings(this.#options.azureAd, needsCertificate);
    return needsCertificate || settings.useBoundCredential
      ? this.#boundClientAcquirer(settings, options)
      : this.#bearerClientAcquirer(settings, options);
  }

  #identityAcquirer(clientId: string, options: TokenOptions): TokenAcquirer {
    const app = this.#identity(clientId, this.#capabilities());
    const { resource, isBound, isBearerOverMtls, forceRefresh, withAttestationSupport, minStrength } = options;
    const common = (demand: TokenDemand) => ({ resource, forceRefresh, ...demandOf(options, demand) });
    const key = { withAttestationSupport, minStrength };
    const bound = { mtlsProofOfPossession: true, ...key } as const;
    return {
      acquire: (demand) => {
        if (isBound) return app.acquireToken({ ...common(demand), ...bound });
        if (isBearerOverMtls) return app.acquireToken({ ...common(demand), requestOverMtls: true, ...key });
        return app.acquireToken(common(demand));
      },
      replace: (demand, refused) => app[REPLACE_BINDING]({ ...common(demand), ...bound }, refused),
      accept: (refused, accepted) => app[REPLACEMENT_ACCEPTED](refused, accepted),
    };
  }

  #boundClientAcquirer(settings: ApplicationSettings, options: TokenOptions): TokenAcquirer {
    const client = this.#boundClient(settings, options);
    const { resource, isBound, forceRefresh } = options;
    const common = (demand: TokenDemand) => ({
      scopes: [`${resource}/.default`],
      skipCache: forceRefresh,
      ...(settings.region !== undefined && { azureRegion: settings.region }),
      ...demandOf(options, demand),
    });
    const bound = { mtlsProofOfPossession: true } as const;
    return {
      acquire: (demand) =>
        isBound
          ? client.acquireTokenByClientCredential({ ...common(demand), ...bound })
          : client.acquireTokenByClientCredential(common(demand)),
      replace: (demand, refused) => client[REPLACE_BINDING]({ ...common(demand), ...bound }, refused),
    };
  }

  #bearerClientAcquirer(settings: ApplicationSettings, options: TokenOptions): TokenAcquirer {
    const identity = this.#identity(settings.identityClientId, undefined);
    const { system, surroundings } = this.#options;
    const clock = surroundings?.clock ?? systemClock;
    const capabilities = this.#capabilities() ?? [];
    const acquire = this.#keep(JSON.stringify(['bearer', settings]), () =>
      createBearerClient({ settings, identity, capabilities, system, clock }),
    );
    const { resource, forceRefresh } = options;
    return {
      acquire: (demand) => acquire({ resource, skipCache: forceRefresh, ...demandOf(options, demand) }),
      replace: () => Promise.reject(new MsiV2Error('bound_credential_missing')),
    };
  }

  #boundClient(settings: ApplicationSettings, options: TokenOptions): BoundConfidentialClient {
    const { withAttestationSupport, minStrength } = options;
    const { clientId, authority, audience, identityClientId } = settings;
    const { system, surroundings } = this.#options;
    const key = JSON.stringify(['bound', settings, withAttestationSupport, minStrength]);
    return this.#keep(key, () => {
      // The identity's own requests carry no capabilities: those are the application's, as in Microsoft Identity Web.
      const identity = this.#identity(identityClientId, undefined);
      const clientAssertion = createManagedIdentityAssertion(identity, {
        audience,
        withAttestationSupport,
        minStrength,
      });
      const clientCapabilities = this.#capabilities();
      const configuration = {
        auth: { clientId, authority, clientAssertion, ...(clientCapabilities && { clientCapabilities }) },
        ...(system && { system }),
      };
      return surroundings === undefined
        ? new BoundConfidentialClient(configuration)
        : new BoundConfidentialClient(configuration, surroundings);
    });
  }

  #identity(clientId: string, clientCapabilities: string[] | undefined): ManagedIdentityApplication {
    const { application, system, surroundings } = this.#options;
    if (application !== undefined) return application;
    return this.#keep(JSON.stringify(['identity', clientId, clientCapabilities]), () => {
      const configuration: ManagedIdentityConfiguration = {
        ...(clientId !== '' && { managedIdentityIdParams: { userAssignedClientId: clientId } }),
        ...(clientCapabilities && { clientCapabilities }),
        ...(system && { system }),
      };
      return surroundings === undefined
        ? new ManagedIdentityApplication(configuration)
        : new ManagedIdentityApplication(configuration, surroundings);
    });
  }

  #capabilities(): string[] | undefined {
    return this.#options.azureAd?.strings('ClientCapabilities');
  }

  #keep<T>(key: string, create: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, create());
    return this.#kept.get(key) as T;
  }
}

/** The claims of an answer take the place of configured ones. */
function demandOf({ claims, correlationId }: TokenOptions, demand: TokenDemand) {
  return {
    ...(claims !== undefined && { claims }),
    ...(correlationId !== undefined && { correlationId }),
    ...demand,
  };
}
