import { createDefaultHttpClient, type HttpClient, type PipelineRequest } from '@azure/core-rest-pipeline';
import { TRUSTED_AUTHORITIES } from '../mtls-fetch/application-members.js';
import type { ManagedIdentityApplication } from '../index.js';

/** The SDK's own transport, for requests without a token. Trusts what the application trusts. */
export function createUnboundClient(application: ManagedIdentityApplication): HttpClient {
  const client = createDefaultHttpClient();
  let trusting: Promise<PipelineRequest['tlsSettings']> | undefined;
  return {
    sendRequest: async (request) => {
      trusting ??= tlsSettingsOf(application);
      const tlsSettings = await trusting;
      if (tlsSettings === undefined) return client.sendRequest(request);
      request.tlsSettings = tlsSettings;
      try {
        return await client.sendRequest(request);
      } finally {
        // The SDK sends the same object again, then with a token.
        delete request.tlsSettings;
      }
    },
  };
}

/** Undefined where the defaults of the process are trusted. */
async function tlsSettingsOf(application: ManagedIdentityApplication): Promise<PipelineRequest['tlsSettings']> {
  const ca = await application[TRUSTED_AUTHORITIES]();
  return ca && { ca: [...ca] };
}
