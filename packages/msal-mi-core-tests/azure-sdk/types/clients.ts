// Every client of docs/azure-sdk.md takes what withMtlsPop gives. Compiled only: run-types.mjs.
import type { TokenCredential } from '@azure/core-auth';
import { createPipelineFromOptions } from '@azure/core-rest-pipeline';
import { AIProjectClient } from '@azure/ai-projects';
import { DocumentAnalysisClient, DocumentModelAdministrationClient } from '@azure/ai-form-recognizer';
import { TextAnalysisClient } from '@azure/ai-language-text';
import { TextAnalyticsClient } from '@azure/ai-text-analytics';
import { AppConfigurationClient } from '@azure/app-configuration';
import { ComputeManagementClient } from '@azure/arm-compute';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { ResourceManagementClient } from '@azure/arm-resources';
import { EmailClient } from '@azure/communication-email';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { SmsClient } from '@azure/communication-sms';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { DigitalTwinsClient } from '@azure/digital-twins-core';
import { EventGridPublisherClient } from '@azure/eventgrid';
import { EventGridReceiverClient, EventGridSenderClient } from '@azure/eventgrid-namespaces';
import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets';
import { LogsIngestionClient } from '@azure/monitor-ingestion';
import { LogsQueryClient } from '@azure/monitor-query-logs';
import { MetricsClient } from '@azure/monitor-query-metrics';
import { SchemaRegistryClient } from '@azure/schema-registry';
import { SearchClient, SearchIndexClient, SearchIndexerClient } from '@azure/search-documents';
import { ServiceBusAdministrationClient } from '@azure/service-bus';
import { BlobClient, BlobServiceClient, ContainerClient, newPipeline } from '@azure/storage-blob';
import { DataLakeFileClient, DataLakeServiceClient } from '@azure/storage-file-datalake';
import { ShareClient, ShareServiceClient } from '@azure/storage-file-share';
import { QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { AccessControlClient } from '@azure/synapse-access-control';
import { ArtifactsClient } from '@azure/synapse-artifacts';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import ContentSafetyClient from '@azure-rest/ai-content-safety';
import DocumentIntelligence from '@azure-rest/ai-document-intelligence';
import ModelClient from '@azure-rest/ai-inference';
import TextTranslationClient from '@azure-rest/ai-translation-text';
import { getClient } from '@azure-rest/core-client';
import MapsSearch from '@azure-rest/maps-search';
import {
  BoundConfidentialClient,
  createManagedIdentityAssertion,
  ManagedIdentityApplication,
  MtlsBindingStrength,
} from 'msal-mi-core';
import { MtlsManagedIdentityCredential, withMtlsPop } from 'msal-mi-core/azure';

const credential = new MtlsManagedIdentityCredential({
  managedIdentityIdParams: { userAssignedClientId: 'client id' },
  minStrength: MtlsBindingStrength.Software,
  allowedHosts: ['*.vault.azure.net', /.*\.blob\.core\.windows\.net/],
});
const asAnyOther: TokenCredential = credential;
const url = 'https://example.com';

const secretOptions: SecretClientOptions = { retryOptions: { maxRetries: 1 } };
new SecretClient(url, credential, withMtlsPop(credential));
new SecretClient(url, credential, withMtlsPop(credential, secretOptions));
new SecretClient(url, credential, withMtlsPop(credential, { retryOptions: { maxRetries: 1 } }));
new KeyClient(url, credential, withMtlsPop(credential));
new CryptographyClient(url, credential, withMtlsPop(credential));
new CertificateClient(url, credential, withMtlsPop(credential));

new BlobServiceClient(url, credential, withMtlsPop(credential));
new BlobServiceClient(url, credential, withMtlsPop(credential, { retryOptions: { maxTries: 2 } }));
new BlobServiceClient(url, newPipeline(credential, withMtlsPop(credential)));
new ContainerClient(url, credential, withMtlsPop(credential));
new BlobClient(url, credential, withMtlsPop(credential));
new QueueServiceClient(url, credential, withMtlsPop(credential));
new QueueClient(url, credential, withMtlsPop(credential));
new DataLakeServiceClient(url, credential, withMtlsPop(credential));
new DataLakeFileClient(url, credential, withMtlsPop(credential));
new ShareServiceClient(url, credential, withMtlsPop(credential, { fileRequestIntent: 'backup' as const }));
new ShareClient(url, credential, withMtlsPop(credential, { fileRequestIntent: 'backup' as const }));
new TableServiceClient(url, credential, withMtlsPop(credential));
new TableClient(url, 'table', credential, withMtlsPop(credential));

new AppConfigurationClient(url, credential, withMtlsPop(credential));
new EventGridPublisherClient(url, 'EventGrid', credential, withMtlsPop(credential));
new EventGridSenderClient(url, credential, 'topic', withMtlsPop(credential));
new EventGridReceiverClient(url, credential, 'topic', 'subscription', withMtlsPop(credential));
new LogsQueryClient(credential, withMtlsPop(credential));
new MetricsClient(url, credential, withMtlsPop(credential, { audience: 'https://metrics.monitor.azure.com' }));
new LogsIngestionClient(url, credential, withMtlsPop(credential));
new SearchClient<{ id: string }>(url, 'index', credential, withMtlsPop(credential));
new SearchIndexClient(url, credential, withMtlsPop(credential));
new SearchIndexerClient(url, credential, withMtlsPop(credential));
new DigitalTwinsClient(url, credential, withMtlsPop(credential));
new CommunicationIdentityClient(url, credential, withMtlsPop(credential));
new EmailClient(url, credential, withMtlsPop(credential));
new SmsClient(url, credential, withMtlsPop(credential));
new SchemaRegistryClient('contoso.servicebus.windows.net', credential, withMtlsPop(credential));
new WebPubSubServiceClient(url, credential, 'hub', withMtlsPop(credential));
new ArtifactsClient(credential, url, withMtlsPop(credential));
new AccessControlClient(credential, url, withMtlsPop(credential));

new AIProjectClient(url, credential, withMtlsPop(credential));
new TextAnalysisClient(url, credential, withMtlsPop(credential));
new TextAnalyticsClient(url, credential, withMtlsPop(credential));
new DocumentAnalysisClient(url, credential, withMtlsPop(credential));
new DocumentModelAdministrationClient(url, credential, withMtlsPop(credential));
ContentSafetyClient(url, credential, withMtlsPop(credential));
DocumentIntelligence(url, credential, withMtlsPop(credential));
ModelClient(url, credential, withMtlsPop(credential));
TextTranslationClient(url, credential, withMtlsPop(credential));
MapsSearch(credential, 'client id of the account', withMtlsPop(credential));
getClient(url, credential, withMtlsPop(credential, { credentials: { scopes: ['https://example.com/.default'] } }));

new ResourceManagementClient(credential, 'subscription', withMtlsPop(credential));
new KeyVaultManagementClient(credential, 'subscription', withMtlsPop(credential));
new ComputeManagementClient(credential, 'subscription', withMtlsPop(credential));

const bearer = new MtlsManagedIdentityCredential({ requestOverMtls: true });
new ResourceManagementClient(bearer, 'subscription');
const clientAssertion = createManagedIdentityAssertion(new ManagedIdentityApplication());
const authority = 'https://login.microsoftonline.com/tenant';
const application = new BoundConfidentialClient({ auth: { clientId: 'application', authority, clientAssertion } });
const ofApplication = new MtlsManagedIdentityCredential({ application });
new SecretClient(url, ofApplication, withMtlsPop(ofApplication));

const administration = new ServiceBusAdministrationClient('contoso.servicebus.windows.net', credential);
administration.pipeline.addPolicy(credential.policy, { afterPhase: 'Sign' });
createPipelineFromOptions({}).addPolicy(credential.policy, { afterPhase: 'Sign' });

// @ts-expect-error another credential has no transport
withMtlsPop(asAnyOther);
// @ts-expect-error nor has what wraps one
withMtlsPop({ getToken: credential.getToken.bind(credential), httpClient: credential.httpClient });
// @ts-expect-error an identity is written managedIdentityIdParams: { userAssignedClientId }
new MtlsManagedIdentityCredential({ clientId: 'client id' });
// @ts-expect-error the options stay those of the client
new SecretClient(url, credential, withMtlsPop(credential, { retryOptions: { maxRetries: 'many' } }));
