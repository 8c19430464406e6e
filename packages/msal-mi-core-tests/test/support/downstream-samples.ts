/** Configurations for downstream calls, as text that people have in their files. */
import type { DownstreamApiConfiguration } from 'core/identity-web/types.js';
import { SAMPLE_APPLICATION, SAMPLE_IDENTITY, SAMPLE_TENANT } from './downstream.js';

/** As in an appsettings.json of Identity Web, for a call as a user-assigned identity. */
const MANAGED_IDENTITY_SAMPLE = `{
  "AzureKeyVault": {
    "BaseUrl": "https://contoso.vault.azure.net/",
    "Scopes": [ "https://vault.azure.net/.default" ],
    "RequestAppToken": true,
    "ProtocolScheme": "MTLS_POP",
    "AcquireTokenOptions": {
      "ManagedIdentity": {
        "UserAssignedClientId": "${SAMPLE_IDENTITY}"
      }
    }
  }
}`;
/** The same call as an application whose credential is that identity. */
export const FEDERATED_SAMPLE = `{
  "AzureAd": {
    "TenantId": "${SAMPLE_TENANT}",
    "ClientId": "${SAMPLE_APPLICATION}",
    "ClientCredentials": [
      {
        "SourceType": "SignedAssertionFromManagedIdentity",
        "ManagedIdentityClientId": "${SAMPLE_IDENTITY}"
      }
    ]
  },
  "AzureKeyVault": {
    "BaseUrl": "https://contoso.vault.azure.net/",
    "Scopes": [ "https://vault.azure.net/.default" ],
    "RequestAppToken": true,
    "ProtocolScheme": "MTLS_POP"
  }
}`;

type Options = Record<string, unknown>;
export interface Sample extends DownstreamApiConfiguration {
  AzureAd: NonNullable<DownstreamApiConfiguration['AzureAd']> & Options;
  AzureKeyVault: Options;
}
/** A fresh copy that a test may change. */
export const directly = (): Sample => JSON.parse(MANAGED_IDENTITY_SAMPLE) as Sample;
/** A fresh copy that a test may change. */
export const federated = (): Sample => JSON.parse(FEDERATED_SAMPLE) as Sample;
