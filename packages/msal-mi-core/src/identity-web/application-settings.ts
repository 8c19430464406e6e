/** Reads the section `AzureAd`: which application calls, and what its credential is. */
import { TOKEN_EXCHANGE_AUDIENCE } from '../fic/managed-identity-assertion.js';
import { invalidConfiguration } from '../options/options.js';
import { MsiV2Error } from '../errors.js';
import type { Section } from './section.js';

/** An application whose credential is a managed identity. */
export interface ApplicationSettings {
  readonly clientId: string;
  readonly authority: string;
  readonly region: string | undefined;
  /** Client id of the identity; empty for the system-assigned one. */
  readonly identityClientId: string;
  readonly audience: string;
  /** Bearer tokens too are acquired with a bound assertion. */
  readonly useBoundCredential: boolean;
}

const DEFAULT_INSTANCE = 'https://login.microsoftonline.com/';
const SOURCE_TYPE = 'signedassertionfrommanagedidentity';

/**
 * @throws MsiV2Error `bound_credential_missing` or `client_credential_missing` when no credential is a managed identity,
 *   `missing_tenanted_authority` without a tenant; ManagedIdentityError `invalid_configuration` without a client id.
 */
export function parseApplicationSettings(azureAd: Section | undefined, isBound: boolean): ApplicationSettings {
  const credential = azureAd
    ?.sections('ClientCredentials')
    .find((section) => section.string('SourceType')?.toLowerCase() === SOURCE_TYPE);
  if (azureAd === undefined || credential === undefined) {
    throw new MsiV2Error(isBound ? 'bound_credential_missing' : 'client_credential_missing');
  }
  const clientId = azureAd.string('ClientId');
  if (clientId === undefined) {
    throw invalidConfiguration('AzureAd:ClientId must be the client id of the application.');
  }
  return {
    clientId,
    authority: parseAuthority(azureAd),
    region: azureAd.string('AzureRegion'),
    identityClientId: credential.string('ManagedIdentityClientId') ?? '',
    audience: credential.string('TokenExchangeUrl') ?? TOKEN_EXCHANGE_AUDIENCE,
    useBoundCredential: credential.boolean('UseBoundCredential') ?? false,
  };
}

function parseAuthority(azureAd: Section): string {
  const authority = azureAd.string('Authority');
  if (authority !== undefined) return authority;
  const instance = (azureAd.string('Instance') ?? DEFAULT_INSTANCE).replace(/\/+$/, '');
  const tenantId = azureAd.string('TenantId');
  if (tenantId === undefined) throw new MsiV2Error('missing_tenanted_authority');
  return `${instance}/${tenantId}`;
}
