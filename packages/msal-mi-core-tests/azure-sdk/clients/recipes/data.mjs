// Vaults, storage and what else keeps data.
import { AppConfigurationClient } from '@azure/app-configuration';
import { TableClient } from '@azure/data-tables';
import { DigitalTwinsClient } from '@azure/digital-twins-core';
import { CertificateClient } from '@azure/keyvault-certificates';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { SearchClient } from '@azure/search-documents';
import { BlobServiceClient } from '@azure/storage-blob';
import { DataLakeServiceClient } from '@azure/storage-file-datalake';
import { ShareServiceClient } from '@azure/storage-file-share';
import { QueueClient } from '@azure/storage-queue';
import { withMtlsPop } from 'msal-mi-core/azure';
import { headersOnly, json } from './answers.mjs';

/** @type {import('../recipes.mjs').Recipe[]} */
export const DATA = [
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
];
