import type { Configuration } from './options.js';

/** How IMDS answers for one identity. */
export interface DirectoryEntry {
  clientId: string;
  objectId: string;
  tenantId: string;
  /** Undefined for the system-assigned identity. */
  resourceId: string | undefined;
  type: 'SystemAssigned' | 'UserAssigned';
}

/** Names of the query variables that select an identity. IMDS v2 says `mi_res_id` where v1 says `msi_res_id`. */
export type Selector = 'client_id' | 'object_id' | 'mi_res_id' | 'msi_res_id';

/** The managed identities of the emulated virtual machine. */
export class IdentityDirectory {
  readonly #entries: readonly DirectoryEntry[];

  /** @param configuration ids to know */
  constructor(configuration: Configuration) {
    const { tenantId, hasSystemAssigned } = configuration;
    const systemAssigned = { ...configuration.systemAssigned, tenantId, resourceId: undefined };
    this.#entries = [
      ...(hasSystemAssigned ? [{ ...systemAssigned, type: 'SystemAssigned' as const }] : []),
      ...configuration.identities.map((identity) => ({ ...identity, tenantId, type: 'UserAssigned' as const })),
    ];
  }

  /** The system-assigned identity. */
  get systemAssigned(): DirectoryEntry | undefined {
    return this.#entries.find(({ type }) => type === 'SystemAssigned');
  }

  /** The user-assigned identities, in the order of the configuration. */
  get userAssigned(): readonly DirectoryEntry[] {
    return this.#entries.filter(({ type }) => type === 'UserAssigned');
  }

  /** Ids are compared without regard to case, as Azure does. */
  find(selector: Selector, value: string): DirectoryEntry | undefined {
    const member = selector === 'client_id' ? 'clientId' : selector === 'object_id' ? 'objectId' : 'resourceId';
    return this.#entries.find((entry) => entry[member]?.toLowerCase() === value.toLowerCase());
  }
}
