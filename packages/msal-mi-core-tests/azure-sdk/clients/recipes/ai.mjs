// AI services and maps.
import { AIProjectClient } from '@azure/ai-projects';
import { DocumentModelAdministrationClient } from '@azure/ai-form-recognizer';
import { TextAnalysisClient } from '@azure/ai-language-text';
import { TextAnalyticsClient } from '@azure/ai-text-analytics';
import ContentSafetyClient from '@azure-rest/ai-content-safety';
import DocumentIntelligence from '@azure-rest/ai-document-intelligence';
import ModelClient from '@azure-rest/ai-inference';
import TextTranslationClient from '@azure-rest/ai-translation-text';
import MapsSearch from '@azure-rest/maps-search';
import { withMtlsPop } from 'msal-mi-core/azure';
import { json } from './answers.mjs';

/** @type {import('../recipes.mjs').Recipe[]} */
export const AI = [
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
];
