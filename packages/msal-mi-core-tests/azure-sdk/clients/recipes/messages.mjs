// Events, messages, logs and metrics.
import { EmailClient } from '@azure/communication-email';
import { CommunicationIdentityClient } from '@azure/communication-identity';
import { SmsClient } from '@azure/communication-sms';
import { EventGridPublisherClient } from '@azure/eventgrid';
import { EventGridSenderClient } from '@azure/eventgrid-namespaces';
import { LogsIngestionClient } from '@azure/monitor-ingestion';
import { LogsQueryClient } from '@azure/monitor-query-logs';
import { MetricsClient } from '@azure/monitor-query-metrics';
import { SchemaRegistryClient } from '@azure/schema-registry';
import { ServiceBusAdministrationClient } from '@azure/service-bus';
import { WebPubSubServiceClient } from '@azure/web-pubsub';
import { withMtlsPop } from 'msal-mi-core/azure';
import { SUBSCRIPTION, headersOnly, json } from './answers.mjs';

/** @type {import('../recipes.mjs').Recipe[]} */
export const MESSAGES = [
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
];
