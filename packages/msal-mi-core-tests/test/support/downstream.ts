/** The names that the samples of the configuration use, led to an emulator, on a host with an isolated key. */
import { composeDownstreamApi, type CreateDownstreamApiOptions } from 'core/identity-web/downstream-api.js';
import type { DownstreamApi, DownstreamApiConfiguration } from 'core/identity-web/types.js';
import { EmulatedAttestation, IsolatedPlatform } from './isolated-platform.js';
import { RoutedPlatform } from './routed-platform.js';
import { withEnvironment, type World } from './world.js';

const REGISTRATION = Symbol.for('msal-mi/attestation-provider');

/** What Identity Web's documentation calls `<UAMI-client-id>`, `<tenant>` and `<app-registration-client-id>`. */
export const SAMPLE_IDENTITY = '71d3f2a4-5b0c-4a0e-9e51-2f0c6b1d8a10';
export const SAMPLE_TENANT = 'c6f1b9f2-0d7b-4f07-8f0a-9c1f4f1f5f20';
export const SAMPLE_APPLICATION = '5d6a3c1e-3a0d-4f6e-9a55-0f2b7a4c9e10';

export const WORLD_OPTIONS = {
  tenantId: SAMPLE_TENANT,
  identities: [
    {
      clientId: SAMPLE_IDENTITY,
      objectId: '0f6b2f5e-42a9-4d51-8b69-0e6a3f3f7d30',
      resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/sample',
    },
  ],
};

/** A process on a host with KeyGuard, whose attestation package is the emulator's stand-in. */
export class CloudHost {
  readonly platform: RoutedPlatform;
  readonly attestation: EmulatedAttestation;

  constructor(
    private readonly world: World,
    routes: Readonly<Record<string, string>> = {},
  ) {
    const { emulator } = world;
    const isolated = new IsolatedPlatform();
    this.attestation = new EmulatedAttestation(emulator, isolated);
    this.platform = new RoutedPlatform(isolated, {
      'https://contoso.vault.azure.net': emulator.resources.vault,
      'https://mtlsauth.microsoft.com': emulator.tokenUrl,
      ...routes,
    });
  }

  downstreamApi(configuration: unknown, options: CreateDownstreamApiOptions = {}): DownstreamApi {
    const { state, clock, emulator } = this.world;
    const api = composeDownstreamApi(
      configuration as DownstreamApiConfiguration,
      { ...options, system: { ca: emulator.ca, ...options.system } },
      { state, clock, platform: this.platform },
    );
    return {
      callApiForApp: (...call) => this.#run(() => api.callApiForApp(...call)),
      createAuthorizationHeaderForApp: (...call) => this.#run(() => api.createAuthorizationHeaderForApp(...call)),
    };
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    const holder = globalThis as { [REGISTRATION]?: unknown };
    holder[REGISTRATION] = this.attestation;
    try {
      return await withEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: this.world.emulator.imdsUrl }, work);
    } finally {
      Reflect.deleteProperty(holder, REGISTRATION);
    }
  }
}
