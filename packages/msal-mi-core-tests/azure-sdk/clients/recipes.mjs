// One call of each client, made with the lines of docs/azure-sdk.md. `answers` is what the service says.
import { AIProjectClient } from '@azure/ai-projects';
import { DocumentModelAdministrationClient } from '@azure/ai-form-recognizer';
import { TextAnalysisClient } from '@azure/ai-language-text';
import { TextAnalyticsClient } from '@azure/ai-text-analytics';
import { AppConfigurationClient } from '@azure/app-configuration';
import { ComputeManagementClient } from '@azure/arm-compute';
import { KeyVaultManagementClient } from '@azure/arm-keyvault';
import { ResourceManagementClient } from '@azure/arm-resources';
import { EmailClient } from '@azure/communication-email';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { SmsClient } from '@azure/communication-sms';
import { TableClient } from '@azure/data-tables';
import { DigitalTwinsClient } from '@azure/digital-twins-core';
import { EventGridPublisherClient } from '@azure/eventgrid';
import { EventGridSenderClient } from '@azure/eventgrid-namespaces';
import { CertificateClient } from '@azure/keyvault-certificates';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { LogsIngestionClient } from '@azure/monitor-ingestion';
import { LogsQueryClient } from '@azure/monitor-query-logs';
import { MetricsClient } from '@azure/monitor-query-metrics';
import { SchemaRegistryClient } from '@azure/schema-registry';
import { SearchClient } from '@azure/search-documents';
import { ServiceBusAdministrationClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import { ShareServiceClient } from '@azure/storage-file-share';
import { QueueClient } from '@azure/storage-queue';
import { AccessControlClient } from '@azure/synapse-access-control';
import { ArtifactsClient } from '@azure/synapse-artifacts';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import ContentSafetyClient from '@azure-rest/ai-content-safety';
import DocumentIntelligence from '@azure-rest/ai-document-intelligence';
import ModelClient from '@azure-rest/ai-inference';
import TextTranslationClient from '@azure-rest/ai-translation-text';
import MapsSearch from '@azure-rest/maps-search';
import { withMtlsPop } from 'msal-mi-core/azure';

const json = (body, status = 200) => ({ status, body });
const headersOnly = (headers, status = 200) => ({ status, headers, body: '' });
const SUBSCRIPTION = '00000000-0000-0000-0000-000000000001';

/** @type {Array<{ client: string, audience: string, answers: object[], call: Function, see: Function }>} */
export const RECIPES = [
  {
    client: 'SecretClient',
    audience: 'https://vault.azure.net',
    isChallenged: true,
    answers: [json({ value: 'x', id: 'https://localhost/secrets/a/1', attributes: {} })],
    call: ({ endpoint, credential, vault }) =>
      new SecretClient(endpoint, credential, withMtlsPop(credential, vault)).getSecret('a'),
    see: ({ value }) => value === 'x',
  },
  {
    client: 'KeyClient',
    audience: 'https://vault.azure.net',
    isChallenged: true,
    answers: [json({ key: { kid: 'https://localhost/keys/a/1', kty: 'RSA' }, attributes: {} })],
    call: ({ endpoint, credential, vault }) =>
      new KeyClient(endpoint, credential, withMtlsPop(credential, vault)).getKey('a'),
    see: ({ name }) => name === 'a',
  },
  {
    client: 'CertificateClient',
    audience: 'https://vault.azure.net',
    isChallenged: true,
    answers: [json({ id: 'https://localhost/certificates/a/1', attributes: {}, cer: 'AAAA', policy: {} })],
    call: ({ endpoint, credential, vault }) =>
      new CertificateClient(endpoint, credential, withMtlsPop(credential, vault)).getCertificate('a'),
    see: ({ name }) => name === 'a',
  },
  {
    client: 'BlobServiceClient',
    audience: 'https://storage.azure.com',
    answers: [headersOnly({ ETag: '"1"', 'Content-Length': '0' })],
    call: ({ endpoint, credential }) =>
      new BlobServiceClient(endpoint, credential, withMtlsPop(credential)).getContainerClient('things').exists(),
    see: (exists) => exists === true,
  },
  {
    client: 'QueueClient',
    audience: 'https://storage.azure.com',
    answers: [headersOnly({ 'x-ms-approximate-messages-count': '7' })],
    call: ({ endpoint, credential }) =>
      new QueueClient(`${endpoint}/account/queue`, credential, withMtlsPop(credential)).getProperties(),
    see: ({ approximateMessagesCount }) => approximateMessagesCount === 7,
  },
  {
    client: 'ShareServiceClient',
    audience: 'https://storage.azure.com',
    answers: [headersOnly({ ETag: '"1"' })],
    call: ({ endpoint, credential }) =>
      new ShareServiceClient(
        `${endpoint}/account`,
        credential,
        withMtlsPop(credential, { fileRequestIntent: 'backup' }),
      )
        .getShareClient('share')
        .getDirectoryClient('folder')
        .exists(),
    see: (exists) => exists === true,
  },
  {
    client: 'DataLakeServiceClient',
    audience: 'https://storage.azure.com',
    answers: [headersOnly({ ETag: '"1"' })],
    call: ({ endpoint, credential }) =>
      new DataLakeServiceClient(endpoint, credential, withMtlsPop(credential)).getFileSystemClient('things').exists(),
    see: (exists) => exists === true,
  },
  {
    client: 'TableClient',
    audience: 'https://cosmos.azure.com',
    answers: [json({ PartitionKey: 'p', RowKey: 'r', a: 1 })],
    call: ({ endpoint, credential }) =>
      new TableClient(endpoint, 'things', credential, withMtlsPop(credential)).getEntity('p', 'r'),
    see: ({ a }) => a === 1,
  },
  {
    client: 'AppConfigurationClient',
    audience: 'https://appconfig.azure.com',
    answers: [json({ key: 'colour', value: 'blue', content_type: '', locked: false, tags: {} })],
    call: ({ endpoint, credential }) =>
      new AppConfigurationClient(endpoint, credential, withMtlsPop(credential)).getConfigurationSetting({
        key: 'colour',
      }),
    see: ({ value }) => value === 'blue',
  },
  {
    client: 'EventGridPublisherClient',
    audience: 'https://eventgrid.azure.net',
    answers: [headersOnly({})],
    call: ({ endpoint, credential }) =>
      new EventGridPublisherClient(`${endpoint}/api/events`, 'EventGrid', credential, withMtlsPop(credential)).send([
        { eventType: 'a', subject: 'b', dataVersion: '1', data: {} },
      ]),
    see: () => true,
  },
  {
    client: 'EventGridSenderClient',
    audience: 'https://eventgrid.azure.net',
    answers: [json({})],
    call: ({ endpoint, credential }) =>
      new EventGridSenderClient(endpoint, credential, 'topic', withMtlsPop(credential)).sendEvents({
        type: 'a',
        source: 'b',
        data: {},
      }),
    see: () => true,
  },
  {
    client: 'LogsQueryClient',
    audience: 'https://api.loganalytics.io',
    answers: [json({ tables: [{ name: 'PrimaryResult', columns: [{ name: 'a', type: 'int' }], rows: [[1]] }] })],
    call: ({ endpoint, credential }) =>
      new LogsQueryClient(credential, withMtlsPop(credential, { endpoint })).queryWorkspace('workspace', 'T', {
        duration: 'PT1H',
      }),
    see: ({ tables }) => tables[0].rows[0][0] === 1,
  },
  {
    client: 'MetricsClient',
    audience: 'https://metrics.monitor.azure.com',
    answers: [json({ values: [] })],
    call: ({ endpoint, credential }) =>
      new MetricsClient(
        endpoint,
        credential,
        withMtlsPop(credential, { audience: 'https://metrics.monitor.azure.com' }),
      ).queryResources(
        [`/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a`],
        ['Ingress'],
        'Microsoft.Storage/storageAccounts',
      ),
    see: (values) => values.length === 0,
  },
  {
    client: 'LogsIngestionClient',
    audience: 'https://monitor.azure.com',
    answers: [{ status: 204 }],
    call: ({ endpoint, credential }) =>
      new LogsIngestionClient(endpoint, credential, withMtlsPop(credential)).upload('dcr-1', 'Custom-T', [{ a: 1 }]),
    see: () => true,
  },
  {
    client: 'SearchClient',
    audience: 'https://search.azure.com',
    answers: [{ status: 200, headers: { 'Content-Type': 'text/plain' }, body: '3' }],
    call: ({ endpoint, credential }) =>
      new SearchClient(endpoint, 'index', credential, withMtlsPop(credential)).getDocumentsCount(),
    see: (count) => Number(count) === 3,
  },
  {
    client: 'DigitalTwinsClient',
    audience: 'https://digitaltwins.azure.net',
    answers: [json({ $dtId: 'twin' })],
    call: ({ endpoint, credential }) =>
      new DigitalTwinsClient(endpoint, credential, withMtlsPop(credential)).getDigitalTwin('twin'),
    see: ({ body }) => body.$dtId === 'twin',
  },
  {
    client: 'CommunicationIdentityClient',
    audience: 'https://communication.azure.com',
    answers: [json({ identity: { id: 'user' } }, 201)],
    call: ({ endpoint, credential }) =>
      new CommunicationIdentityClient(endpoint, credential, withMtlsPop(credential)).createUser(),
    see: ({ communicationUserId }) => communicationUserId === 'user',
  },
  {
    client: 'EmailClient',
    audience: 'https://communication.azure.com',
    answers: [
      {
        status: 202,
        headers: { 'Operation-Location': '{endpoint}/emails/operations/1', 'retry-after': '0' },
        body: { id: '1', status: 'Running' },
      },
      json({ id: '1', status: 'Succeeded' }),
    ],
    call: async ({ endpoint, credential }) => {
      const client = new EmailClient(endpoint, credential, withMtlsPop(credential));
      const message = {
        senderAddress: 'a@example.com',
        content: { subject: 'a', plainText: 'b' },
        recipients: { to: [{ address: 'b@example.com' }] },
      };
      return (await client.beginSend(message, { updateIntervalInMs: 1 })).pollUntilDone();
    },
    see: ({ status }) => status === 'Succeeded',
  },
  {
    client: 'SmsClient',
    audience: 'https://communication.azure.com',
    answers: [json({ value: [{ to: '+1', messageId: 'm', httpStatusCode: 202, successful: true }] }, 202)],
    call: ({ endpoint, credential }) =>
      new SmsClient(endpoint, credential, withMtlsPop(credential)).send({ from: '+2', to: ['+1'], message: 'hello' }),
    see: ([{ messageId }]) => messageId === 'm',
  },
  {
    client: 'AIProjectClient',
    audience: 'https://ai.azure.com',
    answers: [
      json({
        name: 'c',
        id: 'c',
        type: 'AzureOpenAI',
        target: 't',
        isDefault: true,
        credentials: { type: 'None' },
        metadata: {},
      }),
    ],
    call: ({ endpoint, credential }) =>
      new AIProjectClient(`${endpoint}/api/projects/p`, credential, withMtlsPop(credential)).connections.get('c'),
    see: ({ name }) => name === 'c',
  },
  {
    client: 'ModelClient',
    audience: 'https://ml.azure.com',
    answers: [json({ choices: [] })],
    call: ({ endpoint, credential }) =>
      ModelClient(endpoint, credential, withMtlsPop(credential))
        .path('/chat/completions')
        .post({ body: { messages: [] } }),
    see: ({ status }) => status === '200',
  },
  {
    client: 'DocumentIntelligence',
    audience: 'https://cognitiveservices.azure.com',
    answers: [json({ customDocumentModels: { count: 0, limit: 1 } })],
    call: ({ endpoint, credential }) =>
      DocumentIntelligence(endpoint, credential, withMtlsPop(credential)).path('/info').get(),
    see: ({ status }) => status === '200',
  },
  {
    client: 'DocumentModelAdministrationClient',
    audience: 'https://cognitiveservices.azure.com',
    answers: [
      json({ customDocumentModels: { count: 0, limit: 1 }, customNeuralDocumentModelBuilds: { used: 0, quota: 1 } }),
    ],
    call: ({ endpoint, credential }) =>
      new DocumentModelAdministrationClient(endpoint, credential, withMtlsPop(credential)).getResourceDetails(),
    see: ({ customDocumentModels }) => customDocumentModels.limit === 1,
  },
  {
    client: 'TextAnalyticsClient',
    audience: 'https://cognitiveservices.azure.com',
    answers: [
      json({
        documents: [
          { id: '0', detectedLanguage: { name: 'English', iso6391Name: 'en', confidenceScore: 1 }, warnings: [] },
        ],
        errors: [],
        modelVersion: '1',
      }),
    ],
    call: ({ endpoint, credential }) =>
      new TextAnalyticsClient(endpoint, credential, withMtlsPop(credential)).detectLanguage(['hello']),
    see: ([{ primaryLanguage }]) => primaryLanguage.iso6391Name === 'en',
  },
  {
    client: 'TextAnalysisClient',
    audience: 'https://cognitiveservices.azure.com',
    answers: [
      json({
        kind: 'LanguageDetectionResults',
        results: {
          documents: [
            { id: '0', detectedLanguage: { name: 'English', iso6391Name: 'en', confidenceScore: 1 }, warnings: [] },
          ],
          errors: [],
          modelVersion: '1',
        },
      }),
    ],
    call: ({ endpoint, credential }) =>
      new TextAnalysisClient(endpoint, credential, withMtlsPop(credential)).analyze('LanguageDetection', ['hello']),
    see: ([{ primaryLanguage }]) => primaryLanguage.iso6391Name === 'en',
  },
  {
    client: 'TextTranslationClient',
    audience: 'https://cognitiveservices.azure.com',
    answers: [json({ value: [{ translations: [{ text: 'hallo', language: 'de' }] }] })],
    call: ({ endpoint, credential }) =>
      TextTranslationClient(endpoint, credential, withMtlsPop(credential))
        .path('/translate')
        .post({ body: { inputs: [{ text: 'hello', targets: [{ language: 'de' }] }] } }),
    see: ({ status }) => status === '200',
  },
  {
    client: 'ContentSafetyClient',
    audience: 'https://cognitiveservices.azure.com',
    answers: [json({ blocklistsMatch: [], categoriesAnalysis: [] })],
    call: ({ endpoint, credential }) =>
      ContentSafetyClient(endpoint, credential, withMtlsPop(credential))
        .path('/text:analyze')
        .post({ body: { text: 'a' } }),
    see: ({ status }) => status === '200',
  },
  {
    client: 'MapsSearch',
    audience: 'https://atlas.microsoft.com',
    answers: [json({ type: 'FeatureCollection', features: [] })],
    call: ({ endpoint, credential }) =>
      MapsSearch(credential, 'client id of the account', withMtlsPop(credential, { baseUrl: endpoint, endpoint }))
        .path('/geocode')
        .get({ queryParameters: { query: 'Paris' } }),
    see: ({ status }) => status === '200',
  },
  {
    client: 'WebPubSubServiceClient',
    audience: 'https://webpubsub.azure.com',
    answers: [headersOnly({}, 202)],
    call: ({ endpoint, credential }) =>
      new WebPubSubServiceClient(endpoint, credential, 'hub', withMtlsPop(credential)).sendToAll({ a: 1 }),
    see: () => true,
  },
  {
    client: 'SchemaRegistryClient',
    audience: 'https://eventhubs.azure.net',
    answers: [
      {
        status: 200,
        headers: {
          'Content-Type': 'application/json; serialization=Avro',
          'Schema-Id': 's',
          'Schema-Id-Location': '{endpoint}/s',
          'Schema-Group-Name': 'g',
          'Schema-Name': 'n',
          'Schema-Version': '1',
        },
        body: '{"type":"string"}',
      },
    ],
    call: ({ endpoint, credential }) =>
      new SchemaRegistryClient(endpoint, credential, withMtlsPop(credential)).getSchema('s'),
    see: ({ definition }) => definition.includes('string'),
  },
  {
    client: 'ServiceBusAdministrationClient',
    audience: 'https://servicebus.azure.net',
    answers: [headersOnly({})],
    call: ({ endpoint, credential }) => {
      const client = new ServiceBusAdministrationClient(new URL(endpoint).host, credential);
      client.pipeline.addPolicy(credential.policy, { afterPhase: 'Sign' });
      return client.deleteQueue('q');
    },
    see: () => true,
  },
  {
    client: 'ArtifactsClient',
    audience: 'https://dev.azuresynapse.net',
    answers: [json({ name: 'p', id: 'p', type: 't' })],
    call: ({ endpoint, credential }) =>
      new ArtifactsClient(credential, endpoint, withMtlsPop(credential)).pipelineOperations.getPipeline('p'),
    see: ({ name }) => name === 'p',
  },
  {
    client: 'AccessControlClient',
    audience: 'https://dev.azuresynapse.net',
    answers: [json({ id: SUBSCRIPTION, name: 'role' })],
    call: ({ endpoint, credential }) =>
      new AccessControlClient(credential, endpoint, withMtlsPop(credential)).roleDefinitions.getRoleDefinitionById('1'),
    see: ({ name }) => name === 'role',
  },
  {
    client: 'ResourceManagementClient',
    audience: 'https://management.azure.com',
    answers: [json({ id: 'g', name: 'g', location: 'l' })],
    call: ({ endpoint, credential }) =>
      new ResourceManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).resourceGroups.get(
        'g',
      ),
    see: ({ name }) => name === 'g',
  },
  {
    client: 'KeyVaultManagementClient',
    audience: '{endpoint}',
    answers: [
      json({ id: 'v', name: 'v', properties: { tenantId: SUBSCRIPTION, sku: { family: 'A', name: 'standard' } } }),
    ],
    call: ({ endpoint, credential }) =>
      new KeyVaultManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).vaults.get(
        'g',
        'v',
      ),
    see: ({ name }) => name === 'v',
  },
  {
    client: 'ComputeManagementClient',
    audience: 'https://management.azure.com',
    answers: [json({ id: 'm', name: 'm', location: 'l', properties: {} })],
    call: ({ endpoint, credential }) =>
      new ComputeManagementClient(credential, SUBSCRIPTION, withMtlsPop(credential, { endpoint })).virtualMachines.get(
        'g',
        'm',
      ),
    see: ({ name }) => name === 'm',
  },
];
